// A private key that somebody gave, as PEM or JWK, and JWTs signed with it (RFC 7515, RFC 7518). Pure.
import { createPrivateKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { UsageError } from '../usage.ts';

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly kid: string | undefined;
  readonly alg: string;
}

/**
 * @param file where it came from
 * @throws UsageError that names the file and never quotes it
 */
export function parseSigningKey(text: string, file: string): SigningKey {
  try {
    const isJwk = text.trimStart().startsWith('{');
    const jwk = isJwk ? (JSON.parse(text) as JsonWebKey) : undefined;
    const privateKey = jwk ? createPrivateKey({ key: jwk, format: 'jwk' }) : createPrivateKey(text);
    const { kid, alg } = jwk ?? {};
    return { privateKey, kid: kid === undefined ? undefined : String(kid), alg: algorithmOf(privateKey, alg) };
  } catch (cause) {
    if (cause instanceof UsageError) throw new UsageError(`${file}: ${cause.message}`);
    // The cause could quote the key.
    throw new UsageError(`${file}: not a private key in PEM or JWK without a passphrase`);
  }
}

/** By kind of key or curve; the first without `alg` in a JWK. */
const algorithms: Readonly<Record<string, readonly string[]>> = {
  rsa: ['RS256', 'PS256'],
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  ed25519: ['EdDSA', 'Ed25519'],
};

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, wanted: unknown): string {
  const kind = asymmetricKeyType === 'ec' ? asymmetricKeyDetails?.namedCurve : asymmetricKeyType;
  const fitting = algorithms[kind ?? ''];
  const [first] = fitting ?? [];
  if (!first) throw new UsageError('the key is of a kind no client may use: RSA, P-256, P-384 or Ed25519');
  if (wanted === undefined) return first;
  if (!fitting?.includes(String(wanted))) throw new UsageError('alg of the JWK does not fit its key');
  return String(wanted);
}

/** The compact JWT; `alg` of the header is the key's. */
export function signJwt(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  { privateKey, alg }: Pick<SigningKey, 'privateKey' | 'alg'>,
): string {
  const input = [{ alg, ...header }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${signatureOf(input, privateKey, alg)}`;
}

function signatureOf(input: string, key: KeyObject, alg: string): string {
  const data = Buffer.from(input);
  const digest = alg.startsWith('Ed') ? null : `sha${alg.slice(2)}`;
  const pss = alg.startsWith('PS') ? { padding: 6, saltLength: 32 } : {}; // RSA_PKCS1_PSS_PADDING, RFC 7518 §3.5
  return sign(digest, data, { key, dsaEncoding: 'ieee-p1363', ...pss }).toString('base64url');
}
