// Signatures over a ready digest, which node:crypto cannot make: ECDSA and Ed25519ph by @noble/curves, RSA by RFC 8017. Pure.

import { constants, createHash, type KeyObject, privateEncrypt, publicDecrypt, randomBytes } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';

/** The hash of an algorithm as node:crypto names it. */
export function hashNameOf(algorithm: string): string {
  return `sha${algorithm.slice(-3)}`;
}

/** Bytes of a digest for the algorithm. */
export function digestLength(algorithm: string): number {
  return Number(algorithm.slice(-3)) / 8;
}

/** Signs a digest of the right length. ECDSA answers DER. */
export function signDigest(privateKey: KeyObject, digest: Buffer, algorithm: string): Buffer {
  if (algorithm.startsWith('ECDSA')) {
    return Buffer.from(curveOf(algorithm).sign(digest, secretScalar(privateKey), ecdsaOptions));
  }
  if (algorithm === 'ED25519_PH_SHA_512') return Buffer.from(ed25519ph.sign(digest, secretScalar(privateKey)));
  const { modulusLength = 0 } = privateKey.asymmetricKeyDetails ?? {};
  if (algorithm.startsWith('RSASSA_PKCS1')) {
    return privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, digestInfo(digest, algorithm));
  }
  const encoded = encodePss({ digest, salt: randomBytes(digest.length), hash: hashNameOf(algorithm), modulusLength });
  return privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded);
}

export interface DigestToVerify {
  readonly publicKey: KeyObject;
  readonly digest: Buffer;
  readonly algorithm: string;
  readonly signature: Buffer;
}

/** Whether the signature is one of the digest. */
export function verifyDigest({ publicKey, digest, algorithm, signature }: DigestToVerify): boolean {
  try {
    if (algorithm.startsWith('ECDSA')) {
      return curveOf(algorithm).verify(signature, digest, publicPoint(publicKey), ecdsaOptions);
    }
    if (algorithm === 'ED25519_PH_SHA_512') return ed25519ph.verify(signature, digest, publicPoint(publicKey));
    if (algorithm.startsWith('RSASSA_PKCS1')) {
      const opened = publicDecrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, signature);
      return opened.equals(digestInfo(digest, algorithm));
    }
    return verifyPss(publicKey, digest, algorithm, signature);
  } catch {
    return false;
  }
}

const ecdsaOptions = { prehash: false, format: 'der', lowS: false } as const;

function curveOf(algorithm: string) {
  return algorithm === 'ECDSA_SHA_256' ? p256 : p384;
}

function secretScalar(privateKey: KeyObject): Buffer {
  return Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
}

/** The raw Ed25519 key, or the uncompressed point (SEC 1 §2.3.3). */
function publicPoint(publicKey: KeyObject): Buffer {
  const { x = '', y } = publicKey.export({ format: 'jwk' });
  const first = Buffer.from(x, 'base64url');
  return y === undefined ? first : Buffer.concat([Buffer.of(4), first, Buffer.from(y, 'base64url')]);
}

/** Last byte of the OIDs of SHA-256, SHA-384 and SHA-512 (RFC 8017 Appendix B.1). */
const oidEnd: Readonly<Record<number, number>> = { 32: 1, 48: 2, 64: 3 };

/** DER of DigestInfo (RFC 8017 §9.2 note 1). */
function digestInfo(digest: Buffer, algorithm: string): Buffer {
  const length = digestLength(algorithm);
  const head = [0x30, length + 17, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, oidEnd[length] ?? 0, 5, 0, 4];
  return Buffer.concat([Buffer.of(...head, length), digest]);
}

interface PssInput {
  readonly digest: Buffer;
  readonly salt: Buffer;
  readonly hash: string;
  /** Bits. */
  readonly modulusLength: number;
}

/** EMSA-PSS-ENCODE with emBits = modulus bits − 1 (RFC 8017 §9.1.1). Moduli here are whole bytes long. */
function encodePss({ digest, salt, hash, modulusLength }: PssInput): Buffer {
  const hashed = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const block = Buffer.alloc(modulusLength / 8 - hashed.length - 1);
  block[block.length - salt.length - 1] = 1;
  salt.copy(block, block.length - salt.length);
  const masked = xor(block, mask(hashed, block.length, hash));
  masked[0] = (masked[0] ?? 0) & 0x7f;
  return Buffer.concat([masked, hashed, Buffer.of(0xbc)]);
}

/** Takes the salt out of the signature and encodes anew: equal, or not a signature of this digest (RFC 8017 §9.1.2). */
function verifyPss(publicKey: KeyObject, digest: Buffer, algorithm: string, signature: Buffer): boolean {
  const { modulusLength = 0 } = publicKey.asymmetricKeyDetails ?? {};
  const hash = hashNameOf(algorithm);
  const encoded = publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature);
  const hashed = encoded.subarray(-digest.length - 1, -1);
  const masked = encoded.subarray(0, -digest.length - 1);
  const salt = xor(masked, mask(hashed, masked.length, hash)).subarray(-digest.length);
  return encodePss({ digest, salt, hash, modulusLength }).equals(encoded);
}

/** MGF1 (RFC 8017 Appendix B.2.1). */
function mask(seed: Buffer, length: number, hash: string): Buffer {
  const blocks: Buffer[] = [];
  for (let made = 0; made < length; made = Buffer.concat(blocks).length) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(blocks.length);
    blocks.push(createHash(hash).update(seed).update(counter).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));
}
