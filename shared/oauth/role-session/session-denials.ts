// The inline policy that ends sessions of AWS roles: `Deny *` on the tags of what was revoked, for sessions issued before. Pure.
import { revocationTagKeys, revokesSessions, type SessionsRevokedBy } from '../../policy/revocation-tags.ts';
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

/** The revocations that can still hit a session, the newest first. */
export function sessionDenials({ at, revocations }: KnownRevocations): readonly SessionDenial[] {
  return revocations
    .flatMap(({ key, issuedBefore }): readonly SessionDenial[] => {
      const [kind = '', hash = ''] = key.split('#');
      return revokesSessions(kind) && issuedBefore + grace + longestSession > at ? [{ kind, hash, issuedBefore }] : [];
    })
    .sort((a, b) => b.issuedBefore - a.issuedBefore || compare(a.kind, b.kind) || compare(a.hash, b.hash));
}

/**
 * The policy document, JSON without white space; undefined when there is nothing to deny. As many denials as fit are exact;
 * the older ones become one that hits every session issued before the newest of them.
 * @param limit characters
 */
export function denialPolicy(denials: readonly SessionDenial[], limit = maxCharacters): string | undefined {
  if (denials.length === 0) return undefined;
  let exact = Math.min(denials.length, Math.floor(limit / shortestEntry));
  let text = documentOf(denials, exact);
  while (text.length > limit && exact > 0) {
    exact -= 1;
    text = documentOf(denials, exact);
  }
  return text;
}

function documentOf(denials: readonly SessionDenial[], exact: number): string {
  const merged = denials[exact]?.issuedBefore;
  const kept = denials.slice(0, exact).filter(({ issuedBefore }) => issuedBefore !== merged);
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
