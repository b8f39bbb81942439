// What is trusted more than before without a rule that says so: how issuers' tokens are verified, how clients authenticate,
// whose tokens they see. Pure.
import type { ClientAuthentication, PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { formatDuration } from '../schema/duration.ts';
import { coversMatch } from './covers.ts';
import { same } from './grant-differences.ts';
import type { ShownWay } from './reach.ts';

/** Somebody who gets more in one policy than in the other. */
export interface Change {
  /** The issuer of the token; of what a client gets by itself, `client NAME`. */
  readonly who: string;
  /** The target, and what of it where it is not new as a whole. */
  readonly what: string;
  /** Where a token shows it. */
  readonly way?: ShownWay;
}

export function trustChanges(before: PolicyArtifact, after: PolicyArtifact): readonly Change[] {
  return [
    ...Object.values(after.issuers).flatMap((issuer) => ofIssuer(before.issuers[issuer.name], issuer)),
    ...Object.values(after.clients).flatMap((client) => ofClient(before.clients[client.name], client)),
  ];
}

type Issuer = PolicyArtifact['issuers'][string];
type Client = PolicyArtifact['clients'][string];

function ofIssuer(before: Issuer | undefined, after: Issuer): readonly Change[] {
  if (!before) return [];
  const { name: who } = after;
  const algorithms = added(before.algorithms, after.algorithms).map((name) => `tokens signed with ${name}`);
  const types = added(before.tokenTypes, after.tokenTypes).map((type) => `tokens of type ${type.split(':').at(-1)}`);
  const what = [
    ...algorithms,
    ...types,
    ...(same(before.keys, after.keys) ? [] : ['tokens signed with other keys']),
    ...longer('tokens that live', before.maxLifetime, after.maxLifetime),
    ...longer('tokens as old as', before.maxAge ?? Number.POSITIVE_INFINITY, after.maxAge ?? Number.POSITIVE_INFINITY),
    ...longer('tokens of a clock that is off by', before.clockSkew, after.clockSkew),
    ...(before.singleUse && !after.singleUse ? ['tokens that were used before'] : []),
    ...(before.introspection && !same(before.introspection, after.introspection)
      ? ['tokens the issuer was asked about']
      : []),
  ];
  return what.map((each) => ({ who, what: each }));
}

function added(before: readonly string[], after: readonly string[]): readonly string[] {
  return after.filter((each) => !before.includes(each));
}

function longer(what: string, before: number, after: number): readonly string[] {
  if (after <= before) return [];
  return [`${what} ${Number.isFinite(after) ? formatDuration(after) : 'they like'}`];
}

function ofClient(before: Client | undefined, after: Client): readonly Change[] {
  const who = `client ${after.name}`;
  const seen = added(before?.introspects ?? [], after.introspects).map((audience) => `introspection of ${audience}`);
  const entry = before && !authenticatesAll(before, after) ? ['another way to authenticate'] : [];
  return [...entry, ...seen].map((what) => ({ who, what }));
}

/** Whether whoever authenticates now did so before. */
function authenticatesAll(old: Client, now: Client): boolean {
  const [earlier, later] = [old, now].map(({ auth, also = [] }) => [auth, ...also]);
  return (later ?? []).every((after) => earlier?.some((before) => authenticates(before, after)));
}

/** Whether whoever has this way had that one; an end that is later, or none, is more. */
function authenticates(before: ClientAuthentication, after: ClientAuthentication): boolean {
  const [
    { notAfter: end = Number.POSITIVE_INFINITY, ...one },
    { notAfter: later = Number.POSITIVE_INFINITY, ...other },
  ] = [before, after];
  if (later > end) return false;
  if (same(one, other)) return true;
  if (before.method !== 'federated' || after.method !== 'federated') return false;
  return before.issuer === after.issuer && coversMatch(before.match, after.match);
}
