// Where the keys of an issuer or a client come from in the compiled policy. Pure.
import type { JwsAlgorithm, KeySource } from '../../../shared/policy/compiled-policy.ts';

export type InlineKeys = Extract<KeySource, { readonly from: 'inline' }>;

/** Keys written into the artifact, as plain objects of its own. */
export function inlineKeys(keys: readonly object[]): InlineKeys {
  return { from: 'inline', jwks: { keys: keys.map((key) => ({ ...key })) } };
}

/** RFC 9864 §2.2: `EdDSA` says neither curve nor anything else; all it can mean here is Ed25519. */
export function modernName(algorithm: JwsAlgorithm | 'EdDSA'): JwsAlgorithm {
  return algorithm === 'EdDSA' ? 'Ed25519' : algorithm;
}
