// What is trusted more than before without a rule that says so: how issuers' tokens are verified, how clients authenticate,
// whose tokens they see, what tenants put at run time may name. Pure.
import type { ClientAuthentication, PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { deployedTenants } from '../../../shared/policy/tenant-parts.ts';
import { formatDuration } from '../schema/duration.ts';
import { coversMatch } from './covers.ts';
import { same } from './grant-differences.ts';
import type { ShownWay } from './reach.ts';

/** Somebody who gets more in one policy than in the other. */
export interface Change {
  /** The issuer of the token; of what a client gets by itself, `client NAME`; or {@link comeLater}. */
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
    ...ofRunTime(before, after),
  ];
}

const comeLater = 'tenants put at run time';

/** Which tenants there will be, no policy says: that they may name more than before is theirs to use. */
function ofRunTime(before: PolicyArtifact, after: PolicyArtifact): readonly Change[] {
  if (after.tenants === undefined) return [];
  const had = importable(before);
  const more = importable(after).filter(
    ({ what, to }) => !had.some((each) => each.what === what && includes(each, to)),
  );
  return [
    ...(before.tenants === undefined ? ['parties and rules of their own'] : []),
    ...more.map(({ what, to }) => `${what}, where ${to === undefined ? 'they import' : `${to} imports`} it`),
  ].map((what) => ({ who: comeLater, what }));
}

interface Importable {
  /** `audience shared-api`. */
  readonly what: string;
  /** The tenant; absent: any. */
  readonly to?: string;
}

/** What the root exports to tenants that have no folder. */
function importable(policy: PolicyArtifact): readonly Importable[] {
  const deployed = deployedTenants(policy);
  return (policy.tenants?.exports ?? []).flatMap(({ section, name, to }) => {
    const what = `${section.slice(0, -1)} ${name}`;
    return to === undefined
      ? [{ what }]
      : to.filter((each) => !deployed.includes(each)).map((each) => ({ what, to: each }));
  });
}

function includes({ to }: Importable, tenant: string | undefined): boolean {
  return to === undefined || to === tenant;
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
