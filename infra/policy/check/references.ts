// Names that one part of a policy uses of another: each must exist. Pure.

import { isOwnIssuer, tenantOf } from '../../../shared/policy/tenant.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { didYouMean } from '../source/did-you-mean.ts';
import { below, type DocumentPath, errorAt, type Place } from '../source/place.ts';

interface Reference {
  readonly kind: 'issuer' | 'client' | 'audience' | 'role';
  readonly name: string;
  readonly place: Place;
}

export function checkReferences(policy: MergedPolicy): readonly Diagnostic[] {
  const names = {
    issuer: namesOf(policy.issuers),
    client: namesOf(policy.clients),
    audience: namesOf(policy.audiences),
    role: namesOf(policy.roles),
  };
  const references = [
    ...policy.rules.flatMap(ofRule),
    ...policy.clients.flatMap(({ value: { auth, introspects = [] }, place }) => [
      ...reference('issuer', auth.federated?.issuer, place, 'auth', 'federated', 'issuer'),
      ...introspects.flatMap((name, index) => reference('audience', name, place, 'introspects', index)),
    ]),
  ];
  return references.flatMap(({ kind, name, place }) => {
    const { tenant } = place.source;
    if (tenantOf(name) !== tenant && !isImported(kind, name, tenant, policy)) return [notImported(kind, name, place)];
    if (names[kind].has(name) || (kind === 'issuer' && isOwnIssuer(name))) return [];
    return [errorAt(place, `there is no ${kind} ${quote(name)}`, didYouMean(name, [...names[kind]]))];
  });
}

function namesOf(entries: readonly { readonly name: string }[]): ReadonlySet<string> {
  return new Set(entries.map(({ name }) => name));
}

function isImported(kind: Reference['kind'], name: string, tenant: string, { imports }: MergedPolicy): boolean {
  return imports.some((each) => each.tenant === tenant && each.section === `${kind}s` && each.name === name);
}

function notImported(kind: Reference['kind'], name: string, place: Place): Diagnostic {
  const hint = `write it into "imports: { ${kind}s: [${name}] }", and its owner into its exports`;
  return errorAt(place, `${kind} ${quote(name)} is another tenant's`, hint);
}

function ofRule({ value, place }: Entry<RuleEntry>): readonly Reference[] {
  const { from, actor, client, grant, deny } = value;
  const denied = deny === true ? undefined : deny;
  return [
    ...reference('issuer', from, place, 'from'),
    ...reference('issuer', actor?.from, place, 'actor', 'from'),
    ...clientNames(client, place),
    ...reference('audience', grant?.audience, place, 'grant', 'audience'),
    ...reference('role', grant?.role, place, 'grant', 'role'),
    ...reference('audience', denied?.audience, place, 'deny', 'audience'),
    ...reference('role', denied?.role, place, 'deny', 'role'),
  ];
}

function clientNames(client: RuleEntry['client'], place: Place): readonly Reference[] {
  if (client === undefined || client === 'any') return [];
  if (typeof client === 'string') return reference('client', client, place, 'client');
  return client.flatMap((name, index) => reference('client', name, place, 'client', index));
}

/** @param path below the place */
function reference(
  kind: Reference['kind'],
  name: string | undefined,
  place: Place,
  ...path: DocumentPath
): readonly Reference[] {
  return name === undefined ? [] : [{ kind, name, place: below(place, ...path) }];
}
