// Where a token of ours comes from: the foreign token it was first exchanged from, ours in between, and who took part. In
// the token itself, so that one read tells whether any of them was revoked (docs/decisions/lineage-in-the-token.md). Pure.
import { hash } from 'node:crypto';
import { type Claims, isClaims } from '../../policy/claims.ts';
import { hasPrivateSubject, showsPrivate } from '../../policy/private-claims.ts';
import { runOf } from '../../policy/run.ts';
import { Refused } from '../denial.ts';
import { TokenRefused } from '../jose/jwt.ts';
import { issuedSubject } from '../verify/delegation.ts';
import { selfName } from '../verify/self-issuer.ts';
import type { Asserted } from '../verify/single-use.ts';
import type { VerifiedToken } from '../verify/verify-token.ts';
import { requestingWorkload } from './requesting-workload.ts';

/** The foreign token. Times are seconds since the epoch. */
export interface Origin {
  /** Policy name of its issuer. */
  readonly iss: string;
  /** When it counts as issued: 0 where it does not say, which every revocation is later than. */
  readonly iat: number;
  /** {@link originId}, where the issuer's `subject` template hides it; elsewhere it follows from `sub`. */
  readonly id?: string;
  /** The CI run it belongs to, by its profile. */
  readonly run?: string;
}

/** A token of ours that this one was exchanged from. */
export interface Ancestor {
  readonly jti: string;
  readonly iat: number;
  readonly client_id: string;
  /** Its signing key, where that is not the key of the token that says so. */
  readonly kid?: string;
}

/** Who took part in an exchange beside the subject: an actor, or the assertion of a federated client. */
export interface Participant extends Origin {
  /** As issued. */
  readonly sub: string;
  /** Where a token of ours took part: it and its ancestors, the first one first. */
  readonly tokens?: readonly Ancestor[];
}

export interface Lineage {
  readonly origin: Origin;
  /** Of all exchanges so far; each one once, as old as its oldest token. */
  readonly participants?: readonly Participant[];
  /** The first one first; absent in a token exchanged from the foreign one. */
  readonly tokens?: readonly Ancestor[];
}

/** Most exchanges between a token and the foreign token it came from. */
const maxLineage = 16;

/** Names a foreign subject without showing it. */
export function originId(issuer: string, sub: string): string {
  return hash('sha256', JSON.stringify([issuer, sub]), 'base64url');
}

/**
 * The origin that a foreign token is. It counts as issued `clockSkew` before it says: were it taken at its word, or at the
 * time it comes in, a clock that is ahead would let it outlive its revocation.
 */
export function originOf({ issuer, registered, claims }: VerifiedToken): Origin {
  const run = runOf(issuer.run, claims);
  return {
    iss: issuer.name,
    iat: Math.max(0, (registered.iat ?? 0) - issuer.clockSkew),
    ...(issuer.subject && { id: originId(issuer.name, registered.sub) }),
    ...(run !== undefined && { run }),
  };
}

/**
 * The lineage of a token exchanged from `subject`.
 * @param present who takes part now: actor and assertion, where they are tokens
 * @param kid of the key that will sign it; undefined for a reference token
 * @throws Refused `token` with reason `depth` when there are too many exchanges to follow
 */
export function lineageAfter(
  subject: VerifiedToken,
  present: readonly Participant[],
  kid: string | undefined,
): Lineage {
  if (subject.issuer.name !== selfName) return { origin: originOf(subject), ...told(present) };
  const { origin, tokens, participants } = chainOf(subject);
  if (tokens.length >= maxLineage) throw tooLong(`more than ${maxLineage} exchanges`);
  return { origin, ...told([...participants, ...present]), tokens: tokens.map((token) => withoutKid(token, kid)) };
}

/** A token that takes part, and who took part in it. */
export function participantsOf(token: VerifiedToken): readonly Participant[] {
  if (token.issuer.name !== selfName) return [assertedBy(token)];
  const { origin, tokens, participants } = chainOf(token);
  return [{ ...origin, sub: token.registered.sub, tokens }, ...participants];
}

/** Who a foreign token says takes part. */
export function assertedBy(token: VerifiedToken): Asserted {
  return { ...originOf(token), sub: issuedSubject(token) };
}

/**
 * Of a federated client's assertion, what its use keeps for the identical request, which then gets the same claims: nothing where that
 * would show what the issuer calls private.
 * @throws Refused `client` where the assertion names nobody
 */
export function keptAssertion(assertion: VerifiedToken): Asserted | undefined {
  const { issuer } = assertion;
  const shows = hasPrivateSubject(issuer) || issuer.run?.some((path) => showsPrivate(path, issuer));
  try {
    const asserted = assertedBy(assertion);
    return shows ? undefined : asserted;
  } catch (cause) {
    if (!(cause instanceof Refused && cause.denial.kind === 'token')) throw cause;
    throw new Refused({ kind: 'client', detail: cause.denial.detail }, { cause });
  }
}

function told(participants: readonly Participant[]): Pick<Lineage, 'participants'> {
  const oldest = new Map<string, Participant>();
  for (const participant of participants) {
    const { iat, ...who } = participant;
    const key = JSON.stringify(who);
    const known = oldest.get(key);
    if (!known || iat < known.iat) oldest.set(key, participant);
  }
  return oldest.size > 0 ? { participants: [...oldest.values()] } : {};
}

export function tooLong(detail: string): Refused {
  return new Refused({ kind: 'token', parameter: 'subject_token', reason: 'depth', detail });
}

function withoutKid({ kid, ...token }: Ancestor, implied: string | undefined): Ancestor {
  return kid === undefined || kid === implied ? token : { ...token, kid };
}

/** The chain a token of ours stands at the end of: its origin, its ancestors and itself, each with its key, and who took part. */
export interface Chain {
  readonly origin: Origin;
  readonly participants: readonly Participant[];
  readonly tokens: readonly Ancestor[];
}

/**
 * The chain of a token of ours, by its claims and the key that signed it.
 * @throws TokenRefused `malformed` when it does not say where it comes from
 */
export function chainOf({ claims, kid }: { readonly claims: Claims; readonly kid: string | undefined }): Chain {
  const { origin, tokens = [], participants = [] } = parseLineage(claims['lineage']);
  const key = kid === undefined ? {} : { kid };
  const { jti, iat, client_id = requestingWorkload(claims) } = claims;
  const self = { jti, iat, client_id };
  if (!isAncestor(self)) return malformed();
  return { origin, participants, tokens: [...tokens, self].map((token) => ({ ...key, ...token })) };
}

function parseLineage(lineage: unknown): Lineage {
  if (!isClaims(lineage)) return malformed();
  const { origin, tokens = [], participants = [] } = lineage;
  if (!isOrigin(origin) || !isListOf(tokens, isAncestor) || !isListOf(participants, isParticipant)) return malformed();
  return { origin, tokens, participants };
}

function isOrigin(value: unknown): value is Origin {
  if (!isClaims(value)) return false;
  const { iss, iat, id, run } = value;
  return typeof iss === 'string' && typeof iat === 'number' && isOptionalText(id) && isOptionalText(run);
}

function isParticipant(value: unknown): value is Participant {
  if (!isClaims(value)) return false;
  const { sub, tokens = [] } = value;
  return isOrigin(value) && typeof sub === 'string' && isListOf(tokens, isAncestor);
}

function isListOf<One>(value: unknown, isOne: (one: unknown) => one is One): value is readonly One[] {
  return Array.isArray(value) && value.every(isOne);
}

function isAncestor(value: unknown): value is Ancestor {
  if (!isClaims(value)) return false;
  const { jti, iat, client_id, kid } = value;
  return typeof jti === 'string' && typeof iat === 'number' && typeof client_id === 'string' && isOptionalText(kid);
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function malformed(): never {
  throw new TokenRefused('malformed', 'lineage is missing or malformed');
}
