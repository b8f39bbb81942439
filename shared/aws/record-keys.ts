// The partition keys of the records table: a tenant segment (empty for the one tenant), the item's kind, its name.
// docs/storage.md lists them; IAM grants by kind. Pure.

const tenant = '';

/** The item that names the signing keys. */
export const keyringKey = `${tenant}#keyring`;

/** A decision, and the token it issued: that token's `jti` is the decision's id. */
export const decisionKey = (decisionId: string): string => `${tenant}#decision#${decisionId}`;

/** What was used once, by the hash of (issuer, jti). */
export const usedKey = (hash: string): string => `${tenant}#used#${hash}`;

/** A revocation, by what it is by and the hash of what it names. */
export const revokedKey = (by: string, hash: string): string => `${tenant}#revoked#${by}#${hash}`;

/** A reference token, by the SHA-256 of its handle. */
export const referenceKey = (hash: string): string => `${tenant}#reference#${hash}`;
