// A Status List Token (draft-ietf-oauth-status-list §5.1). It is computed on request from the records of tokens and from the
// revocations; a revocation never changes a token's record. Pure but for the capabilities.
import type { SigningKey } from '../jose/keyring.ts';
import { type SigningCapabilities, signFor, signingInput } from '../jose/signed-jwt.ts';
import { encodeStatusList } from './status-list.ts';
import { listSize, listUri, parseListId } from './status-list-id.ts';

/** Seconds a verifier may use a list without asking again. */
export const listTtl = 15;
/** Seconds after which nobody may use a list: the promise of how late a revocation can be noticed. */
const listLifetime = 60;

const invalid = 1;

/** What one record of an issued token says for its list. */
export interface ListedToken {
  readonly index: number;
  /** What the token can be revoked by: the key of a revocation, and when what it names was issued (seconds). */
  readonly revocationKeys: readonly (readonly [key: string, issuedAt: number])[];
}

/** A revocation as lists know it. Times are epoch seconds. */
export interface ListedRevocation {
  readonly key: string;
  readonly issuedBefore: number;
  readonly expiresAt: number;
}

/** The revocations in force, and since when (epoch seconds) that is known. */
export interface KnownRevocations {
  readonly at: number;
  readonly revocations: readonly ListedRevocation[];
}

export interface StatusListCapabilities extends SigningCapabilities {
  readonly issuer: string;
  /** Positions given out in a series; 0 when there is no such series, or no longer. */
  readonly countPositions: (series: string) => Promise<number>;
  readonly listTokens: (list: string) => Promise<readonly ListedToken[]>;
  readonly listRevocations: () => Promise<KnownRevocations>;
}

/** A Status List Token and the time (epoch seconds) whose statuses it has. */
export interface StatusListToken {
  readonly jwt: string;
  readonly at: number;
}

/**
 * Makes the token of a list; undefined where no list of this id has ever been, or all of its tokens have expired.
 * @throws Refused `unavailable`
 */
export async function makeStatusListToken(
  list: string,
  capabilities: StatusListCapabilities,
): Promise<StatusListToken | undefined> {
  const id = parseListId(list);
  if (!id || (await capabilities.countPositions(id.series)) <= id.firstPosition) return undefined;
  const { at, revocations } = await capabilities.listRevocations();
  const revoked = await revokedPositions(
    list,
    revocations.filter(({ expiresAt }) => expiresAt > at),
    capabilities,
  );
  const set = new Map(revoked.map((index) => [index, invalid]));
  const claims = {
    sub: listUri(capabilities.issuer, list),
    iat: at,
    exp: at + listLifetime,
    ttl: listTtl,
    status_list: encodeStatusList({ bits: 1, size: listSize, set }),
  };
  const inputOf = (key: SigningKey) => signingInput('statuslist+jwt', claims, key);
  return { jwt: await signFor({ use: 'status', alg: id.alg }, inputOf, capabilities), at };
}

/** Nothing is revoked most of the time, and then no record need be read. */
async function revokedPositions(
  list: string,
  revocations: readonly ListedRevocation[],
  { listTokens }: StatusListCapabilities,
): Promise<readonly number[]> {
  if (revocations.length === 0) return [];
  const issuedBefore = new Map<string, number>();
  for (const { key, issuedBefore: time } of revocations) {
    issuedBefore.set(key, Math.max(time, issuedBefore.get(key) ?? time));
  }
  const isRevoked = ({ revocationKeys }: ListedToken): boolean =>
    revocationKeys.some(([key, issuedAt]) => (issuedBefore.get(key) ?? -1) >= issuedAt);
  return (await listTokens(list)).filter(isRevoked).map(({ index }) => index);
}
