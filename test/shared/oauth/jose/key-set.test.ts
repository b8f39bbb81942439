import { generateKeyPairSync } from 'node:crypto';
import { CompactSign, compactVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { KeySetError, parseKeySet, selectKey } from '../../../../shared/oauth/jose/key-set.ts';

type Jwk = Record<string, unknown>;

const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: generateKeyPairSync('ed25519'),
};
type PairName = keyof typeof pairs;

const publicJwk = (name: PairName): Jwk => ({ ...pairs[name].publicKey.export({ format: 'jwk' }) });
const privateJwk = (name: PairName): Jwk => ({ ...pairs[name].privateKey.export({ format: 'jwk' }) });
const parsed = (...keys: unknown[]) => parseKeySet({ keys });
const codeOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return error instanceof KeySetError ? error.code : error;
  }
  return 'accepted';
};

describe('a usable key verifies what its private half signed', () => {
  test.each<[PairName, string, string]>([
    ['rsa', 'RS256', 'RS256'],
    ['rsa', 'PS256', 'PS256'],
    ['rsa', 'RS384', 'RS384'],
    ['rsa', 'PS384', 'PS384'],
    ['rsa', 'RS512', 'RS512'],
    ['rsa', 'PS512', 'PS512'],
    ['p521', 'ES512', 'ES512'],
    ['p256', 'ES256', 'ES256'],
    ['p384', 'ES384', 'ES384'],
    ['ed25519', 'EdDSA', 'Ed25519'],
    ['ed25519', 'Ed25519', 'Ed25519'],
  ])('%s with %s', async (name, headerAlg, alg) => {
    const keys = parsed({ ...publicJwk(name), kid: 'one', use: 'sig', key_ops: ['verify'], alg: headerAlg });
    expect(keys.map(({ kid, algs }) => ({ kid, algs }))).toEqual([{ kid: 'one', algs: [alg] }]);
    const jws = await new CompactSign(Buffer.from('hello'))
      .setProtectedHeader({ alg: headerAlg, kid: 'one' })
      .sign(pairs[name].privateKey);
    const key = selectKey(keys, { alg: headerAlg, kid: 'one' })?.key;
    if (key === undefined) throw new Error('no key selected');
    const { payload } = await compactVerify(jws, key, { algorithms: [headerAlg] });
    expect(Buffer.from(payload).toString()).toBe('hello');
  });

  test('without `alg` a key may verify all its kind can', () => {
    const algs = (name: PairName) => parsed(publicJwk(name)).map((key) => key.algs);
    expect(algs('rsa')).toEqual([['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512']]);
    expect(algs('p256')).toEqual([['ES256']]);
    expect(algs('p384')).toEqual([['ES384']]);
    expect(algs('p521')).toEqual([['ES512']]);
    expect(algs('ed25519')).toEqual([['Ed25519']]);
  });

  test('members that do not matter here are ignored', () => {
    const jwk = { ...publicJwk('p256'), kid: 'one', x5c: ['MIIB'], x5t: 'x', issuer: 'https://a.example', exp: 1 };
    expect(parsed(jwk)).toHaveLength(1);
  });
});

describe('a set is refused as a whole', () => {
  test.each([
    ['null', null],
    ['an array', []],
    ['a string', '{"keys":[]}'],
    ['no keys', {}],
    ['keys that are no array', { keys: { 0: {} } }],
  ])('when it is %s', (_, json) => {
    expect(codeOf(() => parseKeySet(json))).toBe('malformed');
    expect(codeOf(() => parseKeySet({ keys: [] }))).toBe('accepted');
  });

  test('when it has 51 keys, not when it has 50', () => {
    const some = (length: number) => parseKeySet({ keys: Array.from({ length }, () => ({ kty: 'oct' })) });
    expect(codeOf(() => some(51))).toBe('too_many_keys');
    expect(codeOf(() => some(50))).toBe('accepted');
  });

  test('when it has more keys than an injected limit', () => {
    const limits = { maxKeys: 1, maxKidLength: 256 };
    const keys = [publicJwk('p256'), publicJwk('p384')];
    expect(codeOf(() => parseKeySet({ keys }, limits))).toBe('too_many_keys');
    expect(codeOf(() => parseKeySet({ keys: keys.slice(1) }, limits))).toBe('accepted');
  });

  test.each<PairName>(['rsa', 'p256', 'p384', 'ed25519'])('when one of its keys is a private %s key', (name) => {
    const other = { ...publicJwk('p256'), kid: 'other' };
    expect(codeOf(() => parsed(other, privateJwk(name)))).toBe('private_member');
    expect(codeOf(() => parsed(other, publicJwk(name)))).toBe('accepted');
  });

  test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv', 'k'])('when any key has the member %s', (member) => {
    const unusable = { ...publicJwk('rsa'), use: 'enc' };
    expect(codeOf(() => parsed({ ...unusable, [member]: '' }))).toBe('private_member');
    expect(codeOf(() => parsed(unusable))).toBe('accepted');
  });

  test('and the message quotes nothing of it', () => {
    expect(() => parsed({ ...publicJwk('p256'), d: 'c2VjcmV0' })).toThrow(/^the key set publishes a private key$/);
  });
});

describe('a key of no use is dropped and its neighbour stays', () => {
  const good = { ...publicJwk('p256'), kid: 'good' };
  const rsa = publicJwk('rsa');
  const p256 = publicJwk('p256');
  const p521 = publicJwk('p521');
  const ed25519 = publicJwk('ed25519');
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const even = (n: unknown) => {
    const bytes = Buffer.from(String(n), 'base64url');
    bytes[bytes.length - 1] = 0;
    return bytes.toString('base64url');
  };

  test.each<[string, unknown, Jwk | undefined]>([
    ['null', null, undefined],
    ['a string', 'key', undefined],
    ['an array', [], undefined],
    ['an empty object', {}, undefined],
    ['symmetric', { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }, undefined],
    ['of unknown type', { ...p256, kty: 'EC2' }, p256],
    ['of prototype type', { ...p256, kty: '__proto__' }, p256],
    ['on an unknown curve', { ...p256, crv: 'secp256k1' }, p256],
    ['for key agreement', { ...ed25519, crv: 'X25519' }, ed25519],
    ['on a curve of another type', { ...ed25519, crv: 'P-256' }, ed25519],
    ['use=enc', { ...rsa, use: 'enc' }, { ...rsa, use: 'sig' }],
    ['use=SIG', { ...rsa, use: 'SIG' }, { ...rsa, use: 'sig' }],
    ['use=null', { ...rsa, use: null }, rsa],
    ['key_ops without verify', { ...rsa, key_ops: ['encrypt'] }, { ...rsa, key_ops: ['encrypt', 'verify'] }],
    ['key_ops as a string', { ...rsa, key_ops: 'verify' }, { ...rsa, key_ops: ['verify'] }],
    ['alg of an encryption key', { ...rsa, alg: 'RSA-OAEP' }, { ...rsa, alg: 'RS256' }],
    ['alg outside the list', { ...rsa, alg: 'RS1' }, { ...rsa, alg: 'PS256' }],
    ['alg none', { ...rsa, alg: 'none' }, rsa],
    ['alg that is no string', { ...rsa, alg: ['RS256'] }, { ...rsa, alg: 'RS256' }],
    ['alg of another type', { ...p256, alg: 'RS256' }, { ...p256, alg: 'ES256' }],
    ['alg of another curve', { ...p256, alg: 'ES384' }, { ...p256, alg: 'ES256' }],
    ['HS256 on a public key', { ...rsa, alg: 'HS256' }, { ...rsa, alg: 'RS256' }],
    ['a 1024-bit modulus', { ...short }, rsa],
    ['an even modulus', { ...rsa, n: even(rsa['n']) }, rsa],
    ['an exponent of one', { ...rsa, e: 'AQ' }, { ...rsa, e: 'AQAB' }],
    ['an exponent missing', { ...rsa, e: undefined }, rsa],
    ['a modulus that is no string', { ...rsa, n: 5 }, rsa],
    ['padded base64url', { ...rsa, e: 'AQAB=' }, rsa],
    ['standard base64', { ...p256, x: `+${String(p256['x']).slice(1)}` }, p256],
    ['a point off the curve', { ...p256, y: Buffer.alloc(32, 7).toString('base64url') }, p256],
    ['a P-521 coordinate of 65 bytes', { ...p521, x: Buffer.alloc(65, 1).toString('base64url') }, p521],
    ['a short coordinate', { ...p256, x: Buffer.alloc(31, 1).toString('base64url') }, p256],
    ['a long coordinate', { ...p256, x: `AAAA${String(p256['x'])}` }, p256],
    ['a short Ed25519 key', { ...ed25519, x: 'AAAA' }, ed25519],
    ['a kid that is no string', { ...rsa, kid: 7 }, { ...rsa, kid: '7' }],
    ['an empty kid', { ...rsa, kid: '' }, rsa],
    ['a kid of 257 characters', { ...rsa, kid: 'k'.repeat(257) }, { ...rsa, kid: 'k'.repeat(256) }],
  ])('%s', (_, bad, twin) => {
    expect(parsed(bad, good).map((key) => key.kid)).toEqual(['good']);
    if (twin !== undefined) expect(parsed(twin, good)).toHaveLength(2);
  });
});

describe('keys that share a kid', () => {
  const named = (name: PairName, kid: string) => ({ ...publicJwk(name), kid });

  const select = (keys: readonly Jwk[], alg: string, kid?: string) => selectKey(parsed(...keys), { alg, kid });
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });

  test('are one key where they are the same, whatever each of them is said to be for', () => {
    const many = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => ({ ...named('rsa', 'a'), alg }));
    expect(select(many, 'RS256', 'a')?.algs).toEqual(['RS256']);
    expect(select(many, 'PS512', 'a')?.algs).toEqual(['PS512']);
    const repeated = [named('rsa', 'a'), named('rsa', 'a'), { ...named('rsa', 'a'), alg: 'RS256' }];
    expect(select(repeated, 'RS256', 'a')).toBeDefined();
    expect(select(repeated, 'RS256')).toBeDefined();
  });

  test('are told apart by algorithm, and refused where two different ones fit', () => {
    const apart = [named('rsa', 'a'), named('p256', 'a')];
    expect(select(apart, 'ES256', 'a')?.algs).toEqual(['ES256']);
    expect(select(apart, 'RS256', 'a')?.key.asymmetricKeyType).toBe('rsa');
    const both = [named('rsa', 'a'), { ...other, kid: 'a' }];
    expect(select(both, 'RS256', 'a')).toBeUndefined();
    expect(select(both.slice(1), 'RS256', 'a')).toBeDefined();
    const one = [
      { ...named('rsa', 'a'), alg: 'RS256' },
      { ...other, kid: 'a' },
    ];
    expect(select(one, 'RS256', 'a')).toBeUndefined();
    expect(select(one, 'PS256', 'a')?.key.equals(parsed(other)[0]?.key ?? expect.fail('no key'))).toBe(true);
    const three = [named('rsa', 'a'), named('rsa', 'a'), { ...other, kid: 'a' }];
    expect(select(three, 'RS256', 'a')).toBeUndefined();
  });

  test('do not collide with a key that was dropped anyway', () => {
    const encryption = { ...other, kid: 'a', use: 'enc' };
    expect(select([encryption, named('rsa', 'a')], 'RS256', 'a')).toBeDefined();
    expect(select([{ ...encryption, use: 'sig' }, named('rsa', 'a')], 'RS256', 'a')).toBeUndefined();
  });

  test('may be called like members of Object.prototype', () => {
    for (const kid of ['__proto__', 'constructor', 'toString']) {
      expect(select([named('rsa', kid), { ...other, kid }], 'RS256', kid)).toBeUndefined();
      expect(select([named('rsa', kid), { ...other, kid: 'b' }], 'RS256', kid)).toBeDefined();
    }
  });
});

describe('selection', () => {
  const keys = parsed(
    { ...publicJwk('rsa'), kid: 'rsa' },
    { ...publicJwk('p256'), kid: 'p256' },
    { ...publicJwk('ed25519'), kid: '__proto__' },
    publicJwk('p384'),
  );
  const selected = (alg: string, kid?: string) => selectKey(keys, { alg, kid })?.algs[0];

  test('by kid needs the exact kid and an alg that fits', () => {
    expect(selected('ES256', 'p256')).toBe('ES256');
    expect(selected('PS256', 'rsa')).toBe('RS256');
    for (const kid of ['P256', 'p256 ', '', 'rsa', 'constructor', 'toString', '../../dev/null', 'k'.repeat(10_240)]) {
      expect(selected('ES256', kid)).toBeUndefined();
    }
    for (const alg of ['RS256', 'ES384', 'none', 'HS256', 'es256', '__proto__']) {
      expect(selected(alg, 'p256')).toBeUndefined();
    }
  });

  test('treats __proto__ as a name', () => {
    expect(selected('EdDSA', '__proto__')).toBe('Ed25519');
    expect(selectKey(keys.slice(0, 2), { alg: 'ES256', kid: '__proto__' })).toBeUndefined();
  });

  test('without a kid takes the only key that fits alg', () => {
    expect(selected('ES256')).toBe('ES256');
    expect(selected('ES384')).toBe('ES384');
    expect(selected('HS256')).toBeUndefined();
  });

  test('without a kid takes none of two that fit', () => {
    const another = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
    const two = parsed({ ...publicJwk('p256'), kid: 'one' }, { ...another, kid: 'two' });
    expect(selectKey(two, { alg: 'ES256' })).toBeUndefined();
    expect(selectKey(two.slice(1), { alg: 'ES256' })?.kid).toBe('two');
  });

  test('with a kid does not fall back to a key that has none', () => {
    expect(selected('ES384', 'unknown')).toBeUndefined();
  });
});
