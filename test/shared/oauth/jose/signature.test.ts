// Signatures of every algorithm, right and wrong: jose says which verify; and the wycheproof vectors of P-256.
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { CompactSign, compactVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { derToJoseSignature, joseToDerSignature } from '../../../../shared/oauth/jose/ecdsa-signature.ts';
import { verifiesDer, verifiesJws, verifiesJwsAgain } from '../../../../shared/oauth/jose/signature.ts';

const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  otherRsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  otherP256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: generateKeyPairSync('ed25519'),
};
type PairName = keyof typeof pairs;

const algorithms: readonly (readonly [alg: string, pair: PairName])[] = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const).map((alg) => [alg, 'rsa'] as const),
  ...([
    ['ES256', 'p256'],
    ['ES384', 'p384'],
    ['ES512', 'p521'],
    ['EdDSA', 'ed25519'],
    ['Ed25519', 'ed25519'],
  ] as const),
];

const sign = (alg: string, pair: PairName, payload: Uint8Array): Promise<string> =>
  new CompactSign(payload).setProtectedHeader({ alg }).sign(pairs[pair].privateKey);

/** As it was before we did it ourselves. */
const byJose = (jws: string, key: KeyObject, alg: string): Promise<boolean> =>
  compactVerify(jws, key, { algorithms: [alg] }).then(
    () => true,
    () => false,
  );

/** The compact JWS with another signature. */
function changed(jws: string, change: (signature: Buffer) => Buffer): string {
  const end = jws.lastIndexOf('.') + 1;
  return jws.slice(0, end) + change(Buffer.from(jws.slice(end), 'base64url')).toString('base64url');
}

const signatureChange = fc.oneof(
  fc.constant((signature: Buffer) => signature),
  fc.tuple(fc.nat(600), fc.nat(7)).map(([at, bit]) => (signature: Buffer) => {
    const flipped = Buffer.from(signature);
    flipped[at % flipped.length] = (flipped[at % flipped.length] ?? 0) ^ (1 << bit);
    return flipped;
  }),
  fc.nat(4).map((cut) => (signature: Buffer) => signature.subarray(0, signature.length - cut)),
  fc.uint8Array({ minLength: 1, maxLength: 4 }).map((more) => (signature: Buffer) => Buffer.concat([signature, more])),
  fc.constant((signature: Buffer) => Buffer.alloc(signature.length)),
  fc.constant((signature: Buffer) => Buffer.alloc(signature.length, 0xff)),
  fc.constant((signature: Buffer) =>
    Buffer.concat([signature.subarray(0, signature.length / 2), Buffer.alloc(signature.length / 2)]),
  ),
  fc.uint8Array({ maxLength: 140 }).map((bytes) => () => Buffer.from(bytes)),
);

describe('verification', () => {
  test.each(algorithms)('%s by a key of its own kind: what jose verifies, and nothing else', async (alg, pair) => {
    const seen = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), signatureChange, async (payload, change) => {
        const jws = changed(await sign(alg, pair, payload), change);
        const verified = verifiesJws(jws, pairs[pair].publicKey, alg);
        expect(verified).toBe(await byJose(jws, pairs[pair].publicKey, alg));
        seen.add(verified);
      }),
      { numRuns: 60 },
    );
    expect(seen).toEqual(new Set([true, false]));
  });

  test('by any key and any algorithm: the two must belong together', async () => {
    const verified: string[] = [];
    for (const [alg, pair] of algorithms) {
      const jws = await sign(alg, pair, Buffer.from('{}'));
      for (const [name, { publicKey }] of Object.entries(pairs)) {
        const ours = verifiesJws(jws, publicKey, alg);
        expect([alg, name, ours]).toEqual([alg, name, await byJose(jws, publicKey, alg)]);
        if (ours) verified.push(`${alg} ${name}`);
        // Said to be of another algorithm than it is.
        for (const [other] of algorithms.filter(([other]) => other !== alg && !(/Ed/.test(other) && /Ed/.test(alg)))) {
          expect([alg, other, name, verifiesJws(jws, publicKey, other)]).toEqual([alg, other, name, false]);
        }
      }
    }
    expect(verified).toEqual(algorithms.map(([alg, pair]) => `${alg} ${pair}`));
  });

  test('by no algorithm that is not known, whatever its name', async () => {
    const jws = await sign('ES256', 'p256', Buffer.from('{}'));
    const verify = (alg: string) => verifiesJws(jws, pairs.p256.publicKey, alg);
    expect(['none', 'HS256', 'es256', 'ES256 ', '', 'constructor', '__proto__', 'toString'].map(verify)).toEqual(
      Array(8).fill(false),
    );
    expect(verify('ES256')).toBe(true);
  });

  test('of something else than it was signed for fails', async () => {
    const jws = await sign('RS256', 'rsa', Buffer.from('{"sub":"a"}'));
    const other = await sign('RS256', 'rsa', Buffer.from('{"sub":"b"}'));
    const mixed = other.slice(0, other.lastIndexOf('.')) + jws.slice(jws.lastIndexOf('.'));
    const verify = (text: string) => verifiesJws(text, pairs.rsa.publicKey, 'RS256');
    expect([verify(mixed), verify(`x${jws}`), verify('no dots'), verify('')]).toEqual([false, false, false, false]);
    expect([verify(jws), verify(other)]).toEqual([true, true]);
  });
});

interface Vectors {
  readonly testGroups: readonly {
    readonly publicKeyDer: string;
    readonly tests: readonly { tcId: number; comment: string; msg: string; sig: string; result: 'valid' | 'invalid' }[];
  }[];
}

const vectorsOf = (name: string): Vectors =>
  JSON.parse(readFileSync(new URL(`../../../vectors/wycheproof/${name}.json`, import.meta.url), 'utf8'));

describe('the wycheproof vectors of ECDSA on P-256', () => {
  test.each<[string, string, (signature: Buffer) => Buffer | undefined]>([
    ['in DER', 'ecdsa_secp256r1_sha256_test', (signature) => signature],
    [
      'as r‖s',
      'ecdsa_secp256r1_sha256_p1363_test',
      (signature) => (signature.length === 64 ? joseToDerSignature(signature) : undefined),
    ],
  ])('%s verify where they should', (_form, name, derOf) => {
    const wrong: string[] = [];
    const results = { valid: 0, invalid: 0 };
    for (const { publicKeyDer, tests } of vectorsOf(name).testGroups) {
      const key = createPublicKey({ key: Buffer.from(publicKeyDer, 'hex'), format: 'der', type: 'spki' });
      for (const { tcId, comment, msg, sig, result } of tests) {
        const der = derOf(Buffer.from(sig, 'hex'));
        const verified = der !== undefined && verifiesDer(Buffer.from(msg, 'hex'), key, 'ES256', der);
        if (verified !== (result === 'valid')) wrong.push(`${tcId} ${comment}`);
        results[result] += 1;
      }
    }
    expect(wrong).toEqual([]);
    expect(Math.min(results.valid, results.invalid)).toBeGreaterThan(50);
  });
});

test.each([32, 48, 66])('r‖s of twice %d bytes becomes DER that becomes the same r‖s', (size) => {
  const integer = fc
    .tuple(fc.nat(size - 1), fc.uint8Array({ minLength: size, maxLength: size }))
    .map(([zeros, bytes]) => Buffer.from(bytes).fill(0, 0, zeros));
  const positive = integer.filter((bytes) => bytes.some((byte) => byte !== 0));
  fc.assert(
    fc.property(positive, positive, (r, s) => {
      const signature = Buffer.concat([r, s]);
      const der = joseToDerSignature(signature);
      // What KMS answers for P-521 we do not read: no key of ours signs with it.
      if (der[1] !== 0x81) expect(Buffer.from(derToJoseSignature(der, size))).toEqual(signature);
      else expect([der[2], size]).toEqual([der.length - 3, 66]);
    }),
  );
});

test('a token that comes again verifies by what is remembered of it; another byte, key or algorithm does not', async () => {
  const payload = Buffer.from('{}');
  const jws = await sign('ES256', 'p256', payload);
  const { publicKey } = pairs.p256;
  const other = changed(jws, (signature) => Buffer.from(signature.map((byte, at) => (at === 0 ? byte ^ 1 : byte))));
  const all = () => [
    verifiesJwsAgain(jws, publicKey, 'ES256'),
    verifiesJwsAgain(other, publicKey, 'ES256'),
    verifiesJwsAgain(jws, pairs.otherP256.publicKey, 'ES256'),
    verifiesJwsAgain(jws, publicKey, 'ES384'),
  ];
  for (let time = 0; time < 3; time += 1) expect(all()).toEqual([true, false, false, false]);
  // What is forgotten is verified anew.
  const many = await Promise.all(
    Array.from({ length: 1_001 }, (_, n) => sign('EdDSA', 'ed25519', Buffer.from([n >> 8, n]))),
  );
  const key = pairs.ed25519.publicKey;
  expect(many.every((one) => verifiesJwsAgain(one, key, 'EdDSA') && verifiesJwsAgain(one, key, 'EdDSA'))).toBe(true);
  const [first = ''] = many;
  expect([first, `${first}x`, many.at(-1) ?? ''].map((one) => verifiesJwsAgain(one, key, 'EdDSA'))).toEqual([
    true,
    false,
    true,
  ]);
});
