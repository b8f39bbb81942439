// Names that one part of a policy uses of another: each must exist. Pure.

import { isOwnIssuer, tenantOf } from '../../../shared/policy/tenant.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { didYouMean } from '../source/did-you-mean.ts';
import { below, errorAt, type Place } from '../source/place.ts';

interface Reference {
  readonly kind: 'issuer' | 'client' | 'audience' | 'role';
  readonly name: string | undefined;
  readonly place: Place;
}

export function checkReferences(policy: MergedPolicy): readonly Diagnostic[] {
  const names = {
    issuer: policy.issuers.map(({ name }) => name),
    client: policy.clients.map(({ name }) => name),
    audience: policy.audiences.map(({ name }) => name),
    role: policy.roles.map(({ name }) => name),
  };
  const references = [
    ...policy.rules.flatMap(ofRule),
    ...policy.clients.flatMap(({ value: { auth, introspects = [] }, place }) => [
      reference('issuer', auth.federated?.issuer, below(place, 'auth', 'federated', 'issuer')),
      ...introspects.map((name, index) => reference('audience', name, below(place, 'introspects', index))),
    ]),
  ];
  return references.flatMap(({ kind, name, place }) => {
    if (name === undefined) return [];
    const { tenant } = place.source;
    if (tenantOf(name) !== tenant && !isImported(kind, name, tenant, policy)) return [notImported(kind, name, place)];
    if (names[kind].includes(name) || (kind === 'issuer' && isOwnIssuer(name))) return [];
    return [errorAt(place, `there is no ${kind} ${quote(name)}`, didYouMean(name, names[kind]))];
  });
}

function isImported(kind: Reference['kind'], name: string, tenant: string, { imports }: MergedPolicy): boolean {
  return imports.some((each) => each.tenant === tenant && each.section === `${kind}s` && each.name === name);
}

function notImported(kind: Reference['kind'], name: string, place: Place): Diagnostic {
  const hint = `write it into "imports: { ${kind}s: [${name}] }", and its owner into its exports`;
  return errorAt(place, `${kind} ${quote(name)} is another tenant's`, hint);
}

function ofRule({ value, place }: Entry<RuleEntry>): Reference[] {
  const { from, actor, client, grant, deny } = value;
  const denied = deny === true ? undefined : deny;
  return [
    reference('issuer', from, below(place, 'from')),
    reference('issuer', actor?.from, below(place, 'actor', 'from')),
    ...clientNames(client, below(place, 'client')),
    reference('audience', grant?.audience, below(place, 'grant', 'audience')),
    reference('role', grant?.role, below(place, 'grant', 'role')),
    reference('audience', denied?.audience, below(place, 'deny', 'audience')),
    reference('role', denied?.role, below(place, 'deny', 'role')),
  ];
}

function clientNames(client: RuleEntry['client'], place: Place): Reference[] {
  if (client === undefined || client === 'any') return [];
  if (typeof client === 'string') return [reference('client', client, place)];
  return client.map((name, index) => reference('client', name, below(place, index)));
}

function reference(kind: Reference['kind'], name: string | undefined, place: Place): Reference {
  return { kind, name, place };
}
