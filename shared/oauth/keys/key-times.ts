// How long keys have to be known before they sign and after they have signed: the one place where cache lifetimes add up. Seconds.
// Pure.

/** Seconds for which somebody may still go by what was true before. */
export const cacheLifetimes = {
  /** A function that cannot read the keyring again goes by its last one. */
  keyring: 3_600,
  /** `max-age` of the JWK Set in CloudFront, and its `stale-while-revalidate`. */
  edge: 300 + 60,
  /** A verifier that looks at its own clock rather than at our headers: jose's ten minutes. */
  verifier: 600,
} as const;

/** From when a key is in the keyring until every verifier that reads the JWK Set again has it: it signs no sooner. */
export const publishedFor = cacheLifetimes.keyring + cacheLifetimes.edge + cacheLifetimes.verifier;

/** The longest life of anything that is signed, of whatever policy. */
const longestLife = 86_400;
/** The most by which a verifier's clock may be behind. */
const skew = 300;

/** From when a key has a successor until nothing it signed is good any more: it is published until then. */
export const keptFor = cacheLifetimes.keyring + longestLife + skew;

/** From when a key has left the JWK Set until verifiers that heed cache lifetimes have no copy with it. */
export const forgottenWithin = cacheLifetimes.edge + cacheLifetimes.verifier;
