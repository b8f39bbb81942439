// The inline policy that ends sessions of AWS roles: `Deny *` on the tags of what was revoked, for sessions issued before. Pure.
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { type ReachingPolicy, reachOf, rolesOfOwnTokens } from '../../policy/reach.ts';
import { hashOf, revocationTagKeys, revokesSessions, type SessionsRevokedBy } from '../../policy/revocation-tags.ts';
import type { KnownRevocations } from '../status-list/status-list-token.ts';

/** A revocation as sessions know it: the hash is what they carry. */
export interface SessionDenial {
  readonly kind: SessionsRevokedBy;
  readonly hash: string;
  /** Epoch seconds. */
  readonly issuedBefore: number;
}

/** Seconds that no session lives longer than, whatever a policy said when it was made. */
const longestSession = 43_200;
/**
 * Seconds: an exchange that looked for revocations just before this one was there gets its session later, by the clock of
 * STS. It has three seconds in all.
 */
const grace = 5;
/** IAM allows a role 10,240 characters of inline policies together: the rest is for its own. */
export const maxCharacters = 8_192;
/** Of one hash in a list: no more of them than that can fit. */
const shortestEntry = 35;

/** What of a role's sessions is denied: those of certain tags, and, where a time is given, all that were issued before it. */
export interface RoleDenials {
  /** The newest first. */
  readonly tagged: readonly SessionDenial[];
  /** Epoch seconds. */
  readonly allBefore: number | undefined;
}

/** The revocations that can still hit a session of the role. */
export function sessionDenials(
  { at, revocations }: KnownRevocations,
  role: string,
  reaching: ReadonlyMap<string, ReadonlySet<string>>,
): RoleDenials {
  const known = revocations
    .map(({ key, issuedBefore }) => ({
      kind: key.split('#')[0] ?? '',
      hash: key.split('#')[1] ?? '',
      key,
      issuedBefore,
    }))
    .filter(({ issuedBefore }) => issuedBefore + grace + longestSession > at);
  const whole = known.filter(({ kind, key }) => (reaching.get(key) ?? reaching.get(kind))?.has(role));
  const allBefore = whole.length > 0 ? Math.max(...whole.map(({ issuedBefore }) => issuedBefore)) : undefined;
  const tagged = known
    .flatMap(({ kind, hash, issuedBefore }) => tagsOf(kind).map((tag) => ({ kind: tag, hash, issuedBefore })))
    .filter(({ issuedBefore }) => issuedBefore > (allBefore ?? -1))
    .sort((a, b) => b.issuedBefore - a.issuedBefore || compare(a.kind, b.kind) || compare(a.hash, b.hash));
  return { tagged, allBefore };
}

/** A decision's id is the session's own, or the name of the family that it began. */
function tagsOf(kind: string): readonly SessionsRevokedBy[] {
  if (kind === 'jti') return ['jti', 'family'];
  return revokesSessions(kind) ? [kind] : [];
}

/**
 * The roles whose sessions end as a whole, by the name of the revocation: of an issuer or a client those that a token of theirs
 * can reach, of any key of ours those that a token of ours can.
 */
export function reachingRevocations(
  policy: ReachingPolicy & Pick<CompiledPolicy, 'issuers'>,
): ReadonlyMap<string, ReadonlySet<string>> {
  // Who does not authenticate is a client by the name of its issuer.
  const issuers = Object.keys(policy.issuers).flatMap((issuer) => {
    const { roles } = reachOf({ issuer }, policy);
    return (['issuer', 'client'] as const).map((by) => [`${by}#${hashOf(issuer)}`, roles] as const);
  });
  const clients = Object.keys(policy.clients).map(
    (client) => [`client#${hashOf(client)}`, reachOf({ client }, policy).roles] as const,
  );
  return new Map([...issuers, ...clients, ['key', rolesOfOwnTokens(policy)]]);
}

/**
 * The policy document, JSON without white space; undefined when there is nothing to deny. As many denials as fit are exact;
 * the older ones become one that hits every session issued before the newest of them.
 * @param limit characters
 */
export function denialPolicy(denials: RoleDenials, limit = maxCharacters): string | undefined {
  const { tagged, allBefore } = denials;
  if (tagged.length === 0 && allBefore === undefined) return undefined;
  let exact = Math.min(tagged.length, Math.floor(limit / shortestEntry));
  let text = documentOf(denials, exact);
  while (text.length > limit && exact > 0) {
    exact -= 1;
    text = documentOf(denials, exact);
  }
  return text;
}

function documentOf({ tagged, allBefore }: RoleDenials, exact: number): string {
  const merged = tagged[exact]?.issuedBefore ?? allBefore;
  const kept = tagged.slice(0, exact).filter(({ issuedBefore }) => issuedBefore !== merged);
  const statements = [...(merged === undefined ? [] : [denyAll(merged)]), ...alike(kept).map(deny)];
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

type Alike = Omit<SessionDenial, 'hash'> & { readonly hashes: readonly string[] };

/** Those of one kind and time stand side by side, and share a statement. */
function alike(denials: readonly SessionDenial[]): readonly Alike[] {
  return denials.reduce<readonly Alike[]>((groups, { kind, hash, issuedBefore }) => {
    const last = groups.at(-1);
    const joins = last?.kind === kind && last.issuedBefore === issuedBefore;
    const joined = { kind, issuedBefore, hashes: [...(joins ? last.hashes : []), hash] };
    return [...(joins ? groups.slice(0, -1) : groups), joined];
  }, []);
}

function deny({ kind, hashes, issuedBefore }: Alike) {
  return {
    ...denied,
    Condition: {
      StringEquals: { [`aws:PrincipalTag/${revocationTagKeys[kind]}`]: hashes },
      ...before(issuedBefore),
    },
  };
}

/** Only sessions that Cambio made: others of the role have no such tag. */
function denyAll(issuedBefore: number) {
  const tagged = { [`aws:PrincipalTag/${revocationTagKeys.subject}`]: 'false' };
  return { ...denied, Condition: { Null: tagged, ...before(issuedBefore) } };
}

const denied = { Effect: 'Deny', Action: '*', Resource: '*' } as const;

function before(issuedBefore: number) {
  // Exclusive, and what was issued in that very second is revoked too.
  const time = new Date((issuedBefore + grace + 1) * 1_000).toISOString().replace('.000Z', 'Z');
  return { DateLessThan: { 'aws:TokenIssueTime': time } };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Whether a revocation ends AWS sessions: of any revocable role by what sessions carry as a tag, else of those it reaches. */
export function endsSessions(
  { by, value }: { readonly by: string; readonly value: string },
  roles: readonly { readonly name: string }[],
  reaching: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  if (revokesSessions(by)) return roles.length > 0;
  const reached = reaching.get(`${by}#${hashOf(value)}`) ?? reaching.get(by);
  return roles.some(({ name }) => reached?.has(name));
}
