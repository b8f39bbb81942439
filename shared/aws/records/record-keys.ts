// The partition keys of the records table: an empty segment (names say whose tenant's they are), the item's kind, its name.
// docs/storage.md lists them; IAM grants by kind. Pure.
import type { ListPart } from '../../oauth/decision/decision-list.ts';

const tenant = '';

/** The item that names the signing keys. */
export const keyringKey = `${tenant}#keyring`;

/** The item that says which policy was deployed last. */
export const policyKey = `${tenant}#policy`;

/** A decision, and the token it issued: that token's `jti` is the decision's id. */
export const decisionKey = (decisionId: string): string => `${tenant}#decision#${decisionId}`;

/** The id in a key of {@link decisionKey}. */
export const decisionIdOf = (pk: string): string => pk.slice(decisionKey('').length);

/** The kind of item that a key is of: `decision`, `keyring`; its name is what follows, where the kind has names. */
export const kindOf = (pk: string): string => pk.split('#')[1] ?? '';
export const nameOf = (pk: string): string => pk.split('#').slice(2).join('#');

/** What was used once, by the hash of (issuer, jti). */
export const usedKey = (hash: string): string => `${tenant}#used#${hash}`;

/** The nonce that DPoP proofs of one period have. */
export const nonceKey = (period: string): string => `${tenant}#nonce#${period}`;
/** The item that says which tenants were put at run time. */
export const tenantsKey = `${tenant}#tenants`;

/** A tenant as it was put, by its name and the hash of what the item holds. */
export const tenantKey = (name: string, hash: string): string => `${tenant}#tenant#${name}#${hash}`;

/** A revocation, by what it is by and the hash of what it names. */
export const revokedKey = (by: string, hash: string): string => `${tenant}#revoked#${by}#${hash}`;

const suspended = `${tenant}#suspended#`;

/** A suspension, by what is suspended. */
export const suspendedKey = ({ kind, name }: { readonly kind: string; readonly name: string }): string =>
  `${suspended}${kind}#${name}`;

export const isSuspendedKey = (pk: string): boolean => pk.startsWith(suspended);

/** What a key of {@link suspendedKey} is of; names hold no `#`. */
export const suspendedName = (pk: string): { readonly kind: string; readonly name: string } => {
  const [kind = '', name = ''] = pk.slice(suspended.length).split('#');
  return { kind, name };
};

/** A reference token, by the SHA-256 of its handle. */
export const referenceKey = (hash: string): string => `${tenant}#reference#${hash}`;

/** The counter of the positions given out in a series of Status Lists. */
export const statusSeriesKey = (series: string): string => `${tenant}#status-series#${series}`;

/** The bucket of a quota: of a client or an issuer by its name in the policy, of a subject by the hash of what it is. */
export const quotaKey = (by: string, name: string): string => `${tenant}#quota#${by}#${name}`;

/** Hours since the epoch, from seconds. */
export const hourOf = (seconds: number): number => Math.floor(seconds / 3_600);

/** The index that Status Lists are computed from, and the partitions of it: its attribute `listed`. */
export const listedIndex = 'listed';
export const listedTokens = (list: string): string => `status#${list}`;
/** Of the revocations made in one hour: the number of hours since the epoch. */
export const listedRevocations = (hour: number): string => `revocations#${hour.toString(36)}`;
export const listedSuspensions = 'suspensions';

/** The index that holds the list of decisions, and the parts of it: its attribute `decided`, short as every decision has it. */
export const decidedIndex = 'decided';
export const decidedPart = ({ outcome, minute, shard }: ListPart): string =>
  `${outcome.slice(0, 1)}${minute.toString(36)}#${shard.toString(16)}`;

/**
 * The name by which the record of a token knows a revocation: its kind and 128 bits of the hash, short because a token has
 * many. Two revocations of one name could only mark a token that is not revoked.
 */
export const revocationNameOf = (pk: string): string => {
  const [by = '', hash = ''] = pk.split('#').slice(-2);
  return `${by}#${hash.slice(0, 32)}`;
};
