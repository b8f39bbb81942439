// A DPoP proof (RFC 9449 §4.3): that whoever calls holds a key, now and for this endpoint. Functions load it with
// the first proof they meet. Pure but for the look-up of nonces.
import { isJsonObject } from '../../policy/json.ts';
import { isShortString, isTime } from '../../policy/registered-claims.ts';
import { embeddedJwk, type ParsedJwt, parseJwt, TokenRefused } from '../jose/jwt.ts';
import { verifiesJws } from '../jose/signature.ts';
import { thumbprintOf } from '../jose/thumbprint.ts';
import { hasPrivateMember, parseVerificationJwk } from '../jose/verification-jwk.ts';
import type { SingleUse } from './single-use.ts';

/** What proofs may be signed in. `EdDSA` is the older name of `Ed25519` (RFC 9864). */
export const dpopAlgorithms: readonly string[] = ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256', 'RS256'];

export interface DpopProof {
  /** RFC 7638 thumbprint of the key. */
  readonly jkt: string;
  /** base64url SHA-256 of the token that it is sent with. */
  readonly ath: string | undefined;
  /** To be recorded before an answer leaves: a proof is good once. */
  readonly use: SingleUse;
}

/** What a proof must be for. */
export interface ProvedRequest {
  readonly htm: string;
  /** URL of the endpoint, as discovery states it. */
  readonly htu: string;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** Whether a nonce is one of ours that still counts, one that counted, or none. */
export type CheckNonce = (nonce: string) => Promise<'good' | 'stale' | 'unknown'>;

/** The nonce to be used from now on. */
export type CurrentNonce = () => Promise<string>;

export interface Nonces {
  readonly checkNonce: CheckNonce;
  readonly currentNonce: CurrentNonce;
}

/** A proof that is good, what is wrong with it, or the nonce that it should have. */
export type CheckedProof = DpopProof | { readonly wrong: string } | { readonly wanted: string };

/** Seconds that a proof's `iat` may be away from our clock, either way. */
const window = 60;

/**
 * Checks the proof in a `DPoP` header, of which there is one: several are joined by a comma, which no JWT has. A nonce cannot be
 * known before we give it out; it is looked at last. The use is still to be taken.
 */
export async function checkProof(header: string, request: ProvedRequest, nonces: Nonces): Promise<CheckedProof> {
  try {
    const { nonce, ...proof } = verifiedProof(parseJwt(header), request);
    const known = nonce === undefined ? 'stale' : await nonces.checkNonce(nonce);
    if (known === 'stale') return { wanted: await nonces.currentNonce() };
    return known === 'good' ? proof : { wrong: 'nonce is none of ours' };
  } catch (error) {
    if (error instanceof TokenRefused) return { wrong: error.message };
    throw error;
  }
}

function verifiedProof(jwt: ParsedJwt, { htm, htu, now }: ProvedRequest) {
  const { claims } = jwt;
  const jkt = verifiedKey(jwt);
  const { jti, iat, nonce, ath } = claims;
  if (!isShortString(jti)) return refuse('no jti, or a long one');
  if (claims['htm'] !== htm) refuse('htm is another method');
  if (!isAt(claims['htu'], htu)) refuse('htu is another endpoint');
  if (!isTime(iat) || Math.abs(now - iat) > window) return refuse(`iat is missing or over ${window} s away`);
  if (nonce !== undefined && !isShortString(nonce)) return refuse('nonce is no short string');
  if (ath !== undefined && !isShortString(ath)) return refuse('ath is no short string');
  // No issuer and no client has a name like this one. An instance whose clock is behind takes a proof for longer.
  const use = { issuer: `dpop:${jkt}`, jti, expiresAt: Math.ceil(iat) + 2 * window };
  return { jkt, nonce, ath, use };
}

/** The thumbprint of the key in the header, with which the proof is signed. */
function verifiedKey(jwt: ParsedJwt): string {
  const { alg, typ } = jwt.header;
  if (typ !== 'dpop+jwt') refuse('typ is not dpop+jwt');
  if (!dpopAlgorithms.includes(alg)) refuse('alg is not allowed');
  const jwk = embeddedJwk(jwt);
  if (!isJsonObject(jwk)) return refuse('no jwk');
  if (hasPrivateMember(jwk)) refuse('jwk is a private key');
  const parsed = parseVerificationJwk(jwk);
  const name = alg === 'EdDSA' ? 'Ed25519' : alg;
  if (!parsed?.algs.some((one) => one === name)) return refuse('jwk is no key for alg');
  if (!verifiesJws(jwt.compact, parsed.key, alg)) refuse('signature does not verify');
  return thumbprintOf(parsed.key);
}

/** RFC 9449 §4.3: without query and fragment, both after normalisation by syntax and scheme (RFC 3986 §6.2.2, §6.2.3). */
function isAt(htu: unknown, endpoint: string): boolean {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return false;
  const { origin, pathname, username, password } = new URL(htu);
  return username + password === '' && new URL(endpoint).href === origin + pathname;
}

function refuse(detail: string): never {
  throw new TokenRefused('binding', detail);
}
