// The subject token, attacked (RFC 7515, RFC 7519, RFC 8725). Every row is a pair: the request with one defect is refused
// with its reason, the same request without it is granted.
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { CompactSign } from 'jose';
import { describe, expect, test } from 'vitest';
import { parseKeySet, selectKey } from '../../../../shared/oauth/jose/key-set.ts';
import type { TrustedIssuer } from '../../../../shared/policy/compiled-policy.ts';
import {
  formBody,
  github,
  issuerKey,
  makeKey,
  makeWorld,
  now,
  policy,
  run,
  signCompact,
  subjectClaims,
  subjectHeader,
  subjectToken,
  verdict,
} from '../../../world.ts';

const base64url = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url');
const header = JSON.stringify(subjectHeader);
const payload = JSON.stringify(subjectClaims);
const withToken = (token: string): Promise<string> => run(formBody({ subject_token: token })).then(verdict);
const withIssuer = async (changes: Partial<TrustedIssuer>, token = subjectToken()): Promise<string> => {
  const served = { ...policy, issuers: { github: { ...github, ...changes } } };
  return verdict(await run(formBody({ subject_token: token }), makeWorld({}, served)));
};

const [headerPart = '', payloadPart = '', signaturePart = ''] = subjectToken().split('.');

interface Row {
  readonly what: string;
  readonly token: string;
  readonly twin?: string;
  readonly reason: string;
}

const rows: readonly Row[] = [
  ...['none', 'None', 'NONE', 'nOnE', 'es256', 'HS256', 'RS256 ', ''].map((alg) => ({
    what: `alg ${JSON.stringify(alg)}`,
    token: subjectToken({}, { alg }),
    reason: 'algorithm',
  })),
  { what: 'alg that is no string', token: subjectToken({}, { alg: ['ES256'] }), reason: 'algorithm' },
  { what: 'no alg', token: subjectToken({}, { alg: undefined }), reason: 'algorithm' },
  {
    what: 'HS256 with the public key as secret',
    token: hmacToken(JSON.stringify(issuerKey.publicJwk)),
    reason: 'algorithm',
  },
  { what: 'an empty signature', token: `${headerPart}.${payloadPart}.`, reason: 'malformed' },
  { what: 'two parts', token: `${headerPart}.${payloadPart}`, reason: 'malformed' },
  { what: 'four parts', token: `${subjectToken()}.x`, reason: 'malformed' },
  { what: 'five parts (JWE)', token: `${headerPart}.a.b.c.d`, reason: 'malformed' },
  { what: 'another key', token: subjectToken({}, {}, makeKey(issuerKey.kid)), reason: 'signature' },
  {
    what: 'a payload that was not signed',
    token: `${headerPart}.${base64url(payload.replace('main', 'evil'))}.${signaturePart}`,
    reason: 'signature',
  },
  {
    what: 'a signature of zeros',
    token: `${headerPart}.${payloadPart}.${base64url(new Uint8Array(64))}`,
    reason: 'signature',
  },
  {
    what: 'a signature of 63 bytes',
    token: `${headerPart}.${payloadPart}.${base64url(Buffer.from(signaturePart, 'base64url').subarray(1))}`,
    reason: 'signature',
  },
  {
    what: 'a signature of 65 bytes',
    token: `${headerPart}.${payloadPart}.${base64url(Buffer.concat([Buffer.from(signaturePart, 'base64url'), Buffer.of(0)]))}`,
    reason: 'signature',
  },
  { what: 'padding', token: `${subjectToken()}=`, reason: 'malformed' },
  { what: 'a space', token: `${subjectToken()} `, reason: 'malformed' },
  { what: 'a newline', token: `${headerPart}.${payloadPart}\n.${signaturePart}`, reason: 'malformed' },
  {
    what: 'unused bits that are set',
    token: `${headerPart}.${payloadPart}.${withUnusedBits(signaturePart)}`,
    reason: 'malformed',
  },
  { what: 'crit', token: subjectToken({}, { crit: ['exp'], exp: 1 }), reason: 'malformed' },
  { what: 'empty crit', token: subjectToken({}, { crit: [] }), reason: 'malformed' },
  { what: 'b64 without crit', token: subjectToken({}, { b64: false }), reason: 'malformed' },
  { what: 'b64 true', token: subjectToken({}, { b64: true }), reason: 'malformed' },
  { what: 'zip', token: subjectToken({}, { zip: 'DEF' }), reason: 'malformed' },
  { what: 'cty JWT', token: subjectToken({}, { cty: 'JWT' }), reason: 'malformed' },
  ...['other', '../../dev/null', "' OR 1=1", '__proto__', 'constructor'].map((kid) => ({
    what: `kid ${kid}`,
    token: subjectToken({}, { kid }),
    reason: 'key',
  })),
  { what: 'kid of 10 KB', token: subjectToken({}, { kid: 'k'.repeat(10_000) }), reason: 'key' },
  { what: 'kid that is a number', token: subjectToken({}, { kid: 1 }), reason: 'key' },
  { what: 'kid that is an array', token: subjectToken({}, { kid: [issuerKey.kid] }), reason: 'key' },
  { what: 'enc', token: subjectToken({}, { enc: 'A256GCM' }), reason: 'malformed' },
  { what: 'a kid of 257 characters', token: subjectToken({}, { kid: 'k'.repeat(257) }), reason: 'key' },
  {
    what: 'act with an empty sub',
    token: subjectToken({ act: { sub: '' } }),
    twin: subjectToken({ act: { sub: 'x' } }),
    reason: 'malformed',
  },
  { what: '16,385 characters', token: ofLength(16_385), twin: ofLength(16_384), reason: 'size' },
  { what: 'an empty kid', token: subjectToken({}, { kid: '' }), reason: 'key' },
  { what: 'no kid, where two keys fit', token: subjectToken({}, { kid: undefined }), reason: 'key' },
  {
    what: 'duplicate alg in the header',
    token: signCompact(header.replace('{', '{"alg":"none",'), payload),
    reason: 'malformed',
  },
  { what: 'duplicate sub', token: signCompact(header, payload.replace('{', '{"sub":"root",')), reason: 'malformed' },
  {
    what: 'duplicate sub hidden by an escape',
    token: signCompact(header, payload.replace('{', '{"\\u0073ub":"root",')),
    reason: 'malformed',
  },
  { what: 'a payload that is an array', token: signCompact(header, `[${payload}]`), reason: 'malformed' },
  { what: 'a payload that is null', token: signCompact(header, 'null'), reason: 'malformed' },
  { what: 'a byte order mark', token: signCompact(header, `\ufeff${payload}`), reason: 'malformed' },
  {
    what: 'nesting of 100 levels',
    token: subjectToken({ deep: JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`) }),
    twin: subjectToken({ deep: [[[1]]] }),
    reason: 'malformed',
  },
  {
    what: '10,000 claims',
    token: subjectToken({ many: Array(5_000).fill(1) }),
    twin: subjectToken({ many: Array(500).fill(1) }),
    reason: 'malformed',
  },
  {
    what: 'more than 16 KiB',
    token: subjectToken({ pad: 'x'.repeat(16_000) }),
    twin: subjectToken({ pad: 'x'.repeat(8_000) }),
    reason: 'size',
  },
  { what: 'an issuer that is not registered', token: subjectToken({ iss: 'https://evil.example' }), reason: 'issuer' },
  ...[
    `${github.url}/`,
    github.url.toUpperCase(),
    `${github.url}:443`,
    github.url.replace('a', 'а'),
    'https:token.actions.example',
  ].map((iss) => ({
    what: `iss ${iss}`,
    token: subjectToken({ iss }),
    reason: 'issuer',
  })),
  { what: 'no iss', token: subjectToken({ iss: undefined }), reason: 'malformed' },
  { what: 'iss in a list', token: subjectToken({ iss: [github.url] }), reason: 'malformed' },
  { what: 'another audience', token: subjectToken({ aud: 'https://other.example' }), reason: 'audience' },
  {
    what: 'our audience beside another',
    token: subjectToken({ aud: ['https://sts.acme.example', 'https://evil.example'] }),
    twin: subjectToken({ aud: ['https://sts.acme.example'] }),
    reason: 'audience',
  },
  {
    what: 'another audience whose azp is not ours',
    token: subjectToken({ aud: ['https://sts.acme.example', 'x'], azp: 'x' }),
    twin: subjectToken({ aud: ['https://sts.acme.example', 'x'], azp: 'https://sts.acme.example' }),
    reason: 'audience',
  },
  {
    what: 'another audience alone, whatever azp says',
    token: subjectToken({ aud: 'https://other.example', azp: 'https://sts.acme.example' }),
    twin: subjectToken({ azp: 'https://sts.acme.example' }),
    reason: 'audience',
  },
  { what: 'no aud', token: subjectToken({ aud: undefined }), reason: 'malformed' },
  { what: 'aud that is an object', token: subjectToken({ aud: { a: 1 } }), reason: 'malformed' },
  { what: 'an empty aud list', token: subjectToken({ aud: [] }), reason: 'malformed' },
  { what: 'a nested aud list', token: subjectToken({ aud: [['https://sts.acme.example']] }), reason: 'malformed' },
  {
    what: 'an aud list of 101',
    token: subjectToken({ aud: Array(101).fill('https://sts.acme.example') }),
    twin: subjectToken({ aud: Array(100).fill('https://sts.acme.example') }),
    reason: 'malformed',
  },
  { what: 'no exp', token: subjectToken({ exp: undefined }), reason: 'malformed' },
  { what: 'exp that is a string', token: subjectToken({ exp: String(now + 600) }), reason: 'malformed' },
  { what: 'exp 1e400', token: signCompact(header, payload.replace(/"exp":\d+/, '"exp":1e400')), reason: 'malformed' },
  { what: 'exp 9e15', token: subjectToken({ exp: 9e15 }), reason: 'malformed' },
  { what: 'a negative exp', token: subjectToken({ exp: -1 }), reason: 'malformed' },
  { what: 'exp now', token: subjectToken({ exp: now }), twin: subjectToken({ exp: now + 1 }), reason: 'expired' },
  {
    what: 'a fractional exp in this second',
    token: subjectToken({ exp: now + 0.9 }),
    twin: subjectToken({ exp: now + 1.1 }),
    reason: 'expired',
  },
  {
    what: 'nbf 61 s ahead',
    token: subjectToken({ nbf: now + 61 }),
    twin: subjectToken({ nbf: now + 60 }),
    reason: 'not_yet_valid',
  },
  {
    what: 'iat 61 s ahead',
    token: subjectToken({ iat: now + 61 }),
    twin: subjectToken({ iat: now + 60 }),
    reason: 'not_yet_valid',
  },
  {
    what: 'a lifetime over 24 h',
    token: subjectToken({ iat: now - 86_000, exp: now + 401 }),
    twin: subjectToken({ iat: now - 86_000, exp: now + 400 }),
    reason: 'too_old',
  },
  {
    what: 'a lifetime over 24 h without iat',
    token: subjectToken({ iat: undefined, exp: now + 86_401 }),
    twin: subjectToken({ iat: undefined, exp: now + 86_400 }),
    reason: 'too_old',
  },
  ...(
    [
      ['sub', 1],
      ['sub', ['a']],
      ['sub', {}],
      ['sub', ''],
      ['sub', 'x'.repeat(2_049)],
      ['jti', 1],
      ['act', 'x'],
      ['may_act', 'x'],
      ['may_act', ['x']],
      ['cnf', 'x'],
      ['nbf', 'x'],
      ['iat', 'x'],
      ['azp', 1],
    ] as const
  ).map(([name, value]) => ({
    what: `${name} of the wrong type (${JSON.stringify(value).slice(0, 20)})`,
    token: subjectToken({ [name]: value }),
    reason: 'malformed',
  })),
  ...[
    'at+jwt',
    'dpop+jwt',
    'secevent+jwt',
    'client-authentication+jwt',
    'token-introspection+jwt',
    'application/at+jwt',
    'statuslist+jwt',
    'logout+jwt',
    'kb+jwt',
    'txntoken+jwt',
  ].map((typ) => ({
    what: `typ ${typ}`,
    token: subjectToken({}, { typ }),
    reason: 'type',
  })),
  {
    what: 'typ that is no string',
    token: subjectToken({}, { typ: 1 }),
    twin: subjectToken({}, { typ: undefined }),
    reason: 'type',
  },
  { what: 'a token bound to a key', token: subjectToken({ cnf: { jkt: 'x' } }), reason: 'binding' },
  { what: 'may_act', token: subjectToken({ may_act: { sub: 'somebody' } }), reason: 'may_act' },
  {
    what: 'act of four levels',
    token: subjectToken({ act: actors(4) }),
    twin: subjectToken({ act: actors(3) }),
    reason: 'depth',
  },
  {
    what: 'act without sub',
    token: subjectToken({ act: { name: 'x' } }),
    twin: subjectToken({ act: { sub: 'x', name: 'x' } }),
    reason: 'malformed',
  },
  {
    what: 'act nested as text',
    token: subjectToken({ act: { sub: 'x', act: 'y' } }),
    twin: subjectToken({ act: { sub: 'x', act: { sub: 'y' } } }),
    reason: 'malformed',
  },
  {
    what: 'act nested as null',
    token: subjectToken({ act: { sub: 'x', act: null } }),
    twin: subjectToken({ act: { sub: 'x', act: { sub: 'y' } } }),
    reason: 'malformed',
  },
];

describe('a subject token', () => {
  test.each(rows)('with $what is refused', async ({ token, twin, reason }) => {
    expect(await withToken(token)).toBe(`invalid_request/${reason}`);
    expect(await withToken(twin ?? subjectToken())).toBe('granted');
  });

  test('in bytes that are not UTF-8 is refused', async () => {
    const bytes = Buffer.concat([Buffer.from(payload.slice(0, -2)), Buffer.of(0xff), Buffer.from('"}')]);
    expect(await withToken(signCompact(header, bytes))).toBe('invalid_request/malformed');
    expect(await withToken(signCompact(header, Buffer.from(payload)))).toBe('granted');
  });

  test('with keys of its own is judged by the issuer’s keys alone', async () => {
    const own = makeKey('own');
    const smuggled = {
      jwk: own.publicJwk,
      jku: 'https://evil.example/jwks',
      x5u: 'https://evil.example/x',
      x5c: ['AA=='],
    };
    expect(await withToken(subjectToken({}, smuggled, own))).toBe('invalid_request/signature');
    expect(await withToken(subjectToken({}, smuggled))).toBe('granted');
  });

  test('with the other signature of the same (r, n − s) is the same token to replay, by its jti', async () => {
    const outcome = await run(formBody({ subject_token: `${headerPart}.${payloadPart}.${otherS(signaturePart)}` }));
    expect(verdict(outcome)).toBe('granted');
    expect(outcome.decision.subject.verified?.claims['jti']).toBe('subject-jti');
  });

  test('of an issuer is judged by what the issuer’s entry says', async () => {
    expect(await withIssuer({ algorithms: ['RS256'] })).toBe('invalid_request/algorithm');
    expect(await withIssuer({ maxLifetime: 609 })).toBe('invalid_request/too_old');
    expect(await withIssuer({ maxLifetime: 610 })).toBe('granted');
    expect(await withIssuer({ maxAge: 9 })).toBe('invalid_request/too_old');
    expect(await withIssuer({ maxAge: 10 })).toBe('granted');
    expect(await withIssuer({ maxAge: 10 }, subjectToken({ iat: undefined }))).toBe('invalid_request/too_old');
    expect(await withIssuer({ clockSkew: 0 }, subjectToken({ nbf: now + 1 }))).toBe('invalid_request/not_yet_valid');
    expect(await withIssuer({ tokenTypes: [] })).toBe('invalid_request/type');
  });

  test('declared as an access token is taken only where the issuer’s entry allows it, and then also as at+jwt', async () => {
    const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
    const body = (typ: string) =>
      formBody({ subject_token: subjectToken({}, { typ }), subject_token_type: accessToken });
    const served = { ...policy, issuers: { github: { ...github, tokenTypes: [accessToken] } } };
    expect(verdict(await run(body('at+jwt')))).toBe('invalid_request/type');
    expect(verdict(await run(body('at+jwt'), makeWorld({}, served)))).toBe('granted');
    expect(verdict(await run(body('JWT'), makeWorld({}, served)))).toBe('granted');
    expect(verdict(await run(body('JOSE'), makeWorld({}, served)))).toBe('invalid_request/type');
    expect(verdict(await run(body('dpop+jwt'), makeWorld({}, served)))).toBe('invalid_request/type');
  });

  test('may say JWT, JOSE, or nothing', async () => {
    for (const typ of ['JWT', 'JOSE', 'application/jose', undefined]) {
      expect(await withToken(subjectToken({}, { typ }))).toBe('granted');
    }
    expect(await withToken(subjectToken({}, { typ: '' }))).toBe('invalid_request/type');
  });

  test('of Ed25519 names its algorithm by either name, where the issuer’s entry has it', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const keys = parseKeySet({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'ed' }] });
    const signed = (alg: string): string => {
      const input = `${base64url(JSON.stringify({ alg, kid: 'ed' }))}.${base64url(payload)}`;
      return `${input}.${base64url(sign(null, Buffer.from(input), privateKey))}`;
    };
    const at = (algorithms: TrustedIssuer['algorithms']) =>
      makeWorld(
        { findIssuerKey: async (_issuer, wanted) => selectKey(keys, wanted) },
        { ...policy, issuers: { github: { ...github, algorithms } } },
      );
    for (const alg of ['EdDSA', 'Ed25519']) {
      const body = formBody({ subject_token: signed(alg) });
      expect(verdict(await run(body, at(['Ed25519'])))).toBe('granted');
      expect(verdict(await run(body, at(['ES256'])))).toBe('invalid_request/algorithm');
    }
  });

  test('of the larger hashes is taken where the issuer’s entry names its algorithm, and nowhere else', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
    const jwks = [rsa, p521].map(({ publicKey }) => ({ ...publicKey.export({ format: 'jwk' }), kid: 'k' }));
    const keys = parseKeySet({ keys: jwks });
    const signed = (alg: string, key: KeyObject): Promise<string> =>
      new CompactSign(Buffer.from(payload)).setProtectedHeader({ alg, kid: 'k' }).sign(key);
    const at = (algorithms: TrustedIssuer['algorithms']) =>
      makeWorld(
        { findIssuerKey: async (_issuer, wanted) => selectKey(keys, wanted) },
        { ...policy, issuers: { github: { ...github, algorithms } } },
      );
    for (const alg of ['RS384', 'RS512', 'PS384', 'PS512', 'ES512'] as const) {
      const body = formBody({ subject_token: await signed(alg, (alg === 'ES512' ? p521 : rsa).privateKey) });
      expect(verdict(await run(body, at([alg])))).toBe('granted');
      expect(verdict(await run(body, at(['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519'])))).toBe(
        'invalid_request/algorithm',
      );
    }
  });

  test('of two entries with one iss is judged by the entry its aud names', async () => {
    const other = { ...github, name: 'github-other', audiences: ['https://other.acme.example'] };
    const world = makeWorld({}, { ...policy, issuers: { other, github } });
    const outcome = await run(formBody(), world);
    expect(outcome.decision.subject.issuer).toBe('github');
    const foreign = await run(formBody({ subject_token: subjectToken({ aud: 'https://other.acme.example' }) }), world);
    expect(foreign.decision.subject.issuer).toBe('github-other');
    expect(verdict(foreign)).toBe('invalid_target/no_rule');
  });

  test('is looked at, and its issuer’s keys asked for, only when its iss is registered', async () => {
    const asked: string[] = [];
    const world = makeWorld({ findIssuerKey: async (issuer) => void asked.push(issuer.name) });
    await run(formBody({ subject_token: subjectToken({ iss: 'https://169.254.169.254' }) }), world);
    expect(asked).toEqual([]);
    await run(formBody(), world);
    expect(asked).toEqual(['github']);
  });
});

// A table of refusals proves something only if a verifier without the check would grant.
describe('a weakened world turns the rows of its check green', () => {
  const count = async (reason: string, body: (token: string) => Promise<string>): Promise<number> => {
    const verdicts = await Promise.all(rows.filter((row) => row.reason === reason).map(({ token }) => body(token)));
    return verdicts.filter((each) => each === 'granted').length;
  };

  test('without the signature check, and with every iss registered', async () => {
    const forged = makeKey(issuerKey.kid);
    const theirs = parseKeySet({ keys: [forged.publicJwk] });
    const believing = makeWorld({ findIssuerKey: async (_issuer, wanted) => selectKey(theirs, wanted) });
    const forgery = formBody({ subject_token: subjectToken({}, {}, forged) });
    expect(verdict(await run(forgery))).toBe('invalid_request/signature');
    expect(verdict(await run(forgery, believing))).toBe('granted');
    const anybody = 'https://evil.example';
    const registered = makeWorld({}, { ...policy, issuers: { github: { ...github, url: anybody } } });
    const foreign = formBody({ subject_token: subjectToken({ iss: anybody }) });
    expect(verdict(await run(foreign))).toBe('invalid_request/issuer');
    expect(verdict(await run(foreign, registered))).toBe('granted');
  });

  test('without audience and time checks', async () => {
    const anyAudience = { ...github.audiences, includes: () => true, some: () => true };
    const lenient = { ...github, audiences: anyAudience as unknown as string[] };
    const world = makeWorld({}, { ...policy, issuers: { github: lenient } });
    const inWorld = (token: string) => run(formBody({ subject_token: token }), world).then(verdict);
    expect(await count('audience', inWorld)).toBe(rows.filter(({ reason }) => reason === 'audience').length);
    const early = makeWorld(
      { now: () => now - 600 },
      { ...policy, issuers: { github: { ...github, clockSkew: 1_300 } } },
    );
    expect(await count('expired', (token) => run(formBody({ subject_token: token }), early).then(verdict))).toBe(2);
    const patient = { ...policy, issuers: { github: { ...github, maxLifetime: 1e9, clockSkew: 100 } } };
    expect(
      await count('too_old', (token) => run(formBody({ subject_token: token }), makeWorld({}, patient)).then(verdict)),
    ).toBe(2);
    expect(
      await count('not_yet_valid', (token) =>
        run(formBody({ subject_token: token }), makeWorld({}, patient)).then(verdict),
      ),
    ).toBe(2);
  });
});

/** A token of exactly that many characters; base64url skips some lengths, which another header makes up for. */
function ofLength(length: number): string {
  for (const typ of ['JWT', 'jwt', 'application/jwt', 'application/JOSE', 'jose']) {
    const most = Math.ceil((length * 3) / 4);
    for (let pad = most - 1_000; pad < most; pad += 1) {
      const token = subjectToken({ pad: 'x'.repeat(pad) }, { typ });
      if (token.length === length) return token;
      if (token.length > length) break;
    }
  }
  throw new Error(`no token of ${length} characters`);
}

function actors(levels: number): unknown {
  return levels === 1 ? { sub: 'actor' } : { sub: `actor-${levels}`, act: actors(levels - 1) };
}

function hmacToken(secret: string): string {
  const input = `${base64url(JSON.stringify({ ...subjectHeader, alg: 'HS256' }))}.${base64url(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

// 64 bytes are 86 characters whose last one carries four bits: setting an unused one spells the same bytes otherwise.
function withUnusedBits(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return part.slice(0, -1) + alphabet[alphabet.indexOf(part.slice(-1)) + 1];
}

function otherS(part: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const bytes = Buffer.from(part, 'base64url');
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  return base64url(Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]));
}
