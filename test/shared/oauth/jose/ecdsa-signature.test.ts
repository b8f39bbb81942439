import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { derToJoseSignature } from '../../../../shared/oauth/jose/ecdsa-signature.ts';

interface Vectors {
  readonly testGroups: readonly {
    readonly publicKeyDer: string;
    readonly tests: readonly { tcId: number; comment: string; msg: string; sig: string; result: 'valid' | 'invalid' }[];
  }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../vectors/wycheproof/ecdsa_secp256r1_sha256_test.json', import.meta.url), 'utf8'),
);

describe('DER to r‖s', () => {
  test('every valid wycheproof signature converts and verifies, no malformed one does', () => {
    const wrong: string[] = [];
    let valid = 0;
    let invalid = 0;
    for (const group of vectors.testGroups) {
      const key = createPublicKey({ key: Buffer.from(group.publicKeyDer, 'hex'), format: 'der', type: 'spki' });
      for (const { tcId, comment, msg, sig, result } of group.tests) {
        const accepted = acceptedAsJose(key, Buffer.from(msg, 'hex'), Buffer.from(sig, 'hex'));
        if (accepted !== (result === 'valid')) wrong.push(`${tcId} ${comment}`);
        if (result === 'valid') valid += 1;
        else invalid += 1;
      }
    }
    expect(wrong).toEqual([]);
    expect(valid).toBeGreaterThan(100);
    expect(invalid).toBeGreaterThan(100);
  });

  test.each([
    ['P-256', 32, 'sha256'],
    ['P-384', 48, 'sha384'],
  ])('signatures of node:crypto on %s convert to the form node:crypto verifies', (namedCurve, size, hash) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (message) => {
        const jose = derToJoseSignature(sign(hash, message, privateKey), size);
        expect(jose).toHaveLength(2 * size);
        expect(verify(hash, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, jose)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('arbitrary bytes throw RangeError or convert to the given size, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          expect(derToJoseSignature(bytes, 32)).toHaveLength(64);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

function acceptedAsJose(key: ReturnType<typeof createPublicKey>, message: Buffer, der: Buffer): boolean {
  try {
    return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, derToJoseSignature(der, 32));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return false;
  }
}
