// RFC 8725 (JSON Web Token best current practices) with what of RFC 7515 and RFC 7519 it rests on, section by section, through
// the running stack: tokens that an issuer's key did sign, and no honest issuer would make. Each has its twin, and its reason
// in the decision.
import { createHmac, createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { issuerKey, makeKey, signCompact } from '../world.ts';
import { ending, partnerClaims, partnerHeader, partnerToken, partnerUrl, type Served, serve } from './served.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
});

const seconds = (): number => Math.floor(Date.now() / 1_000);
const base64url = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url');
const publicKey = createPublicKey({ key: issuerKey.publicJwk as never, format: 'jwk' });

/** Header and payload as text, changed as text, signed. */
function signedText(header: (text: string) => string, payload: (text: string) => string | Uint8Array): string {
  return signCompact(header(JSON.stringify(partnerHeader)), payload(JSON.stringify(partnerClaims())), issuerKey);
}
const same = (text: string): string => text;

function part(index: 0 | 1 | 2, change: (text: string) => string): string {
  const parts = partnerToken().split('.');
  return parts.map((each, at) => (at === index ? change(each) : each)).join('.');
}

function hmac(secret: string | Buffer): string {
  const input = `${base64url(JSON.stringify({ ...partnerHeader, alg: 'HS256' }))}.${base64url(JSON.stringify(partnerClaims()))}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

type Make = () => string;
type Case = readonly [section: string, what: string, bad: Make, reason: string, good?: Make];

const cases: readonly Case[] = [
  ...['none', 'None', 'NONE', 'nOnE', 'es256', 'HS256', 'ES512', ''].map(
    (alg): Case => ['§3.1', `alg ${JSON.stringify(alg)}`, () => partnerToken({}, { alg }), 'algorithm'],
  ),
  ['§3.1', 'no alg', () => partnerToken({}, { alg: undefined }), 'algorithm'],
  ['§3.1', 'alg of another key type', () => partnerToken({}, { alg: 'RS256' }), 'key'],
  ['§2.1', 'HS256 with the PEM as secret', () => hmac(publicKey.export({ type: 'spki', format: 'pem' })), 'algorithm'],
  ['§2.1', 'HS256 with the DER as secret', () => hmac(publicKey.export({ type: 'spki', format: 'der' })), 'algorithm'],
  ['§2.1', 'HS256 with the JWK as secret', () => hmac(JSON.stringify(issuerKey.publicJwk)), 'algorithm'],
  ['§3.2', 'no signature', () => part(2, () => ''), 'malformed'],
  ['§3.2', 'two parts', () => partnerToken().split('.').slice(0, 2).join('.'), 'malformed'],
  ['§3.2', 'four parts', () => `${partnerToken()}.e30`, 'malformed'],
  ['§3.2', 'a JWE of five parts', () => `${base64url('{"alg":"dir","enc":"A256GCM"}')}.a.b.c.d`, 'malformed'],
  [
    '§3.2',
    'a JWE that would hash two billion times',
    () => `${base64url('{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":2147483647,"p2s":"AAAA"}')}.a.b.c.d`,
    'malformed',
  ],
  ['§3.3', 'a nested JWT', () => partnerToken({}, { cty: 'JWT' }), 'malformed'],
  ['§3.3', 'a compressed payload', () => partnerToken({}, { zip: 'DEF' }), 'malformed'],
  ['§3.3', 'another key under the same kid', () => partnerToken({}, {}, makeKey(issuerKey.kid)), 'signature'],
  ['§3.3', 'a payload nobody signed', () => part(1, (text) => base64url(evil(text))), 'signature'],
  ['§3.4', 'r and s of zero', () => part(2, () => base64url(new Uint8Array(64))), 'signature'],
  ['§3.4', 'r and s of the order', () => part(2, () => base64url(Buffer.concat([order, order]))), 'signature'],
  ['§3.4', 'a signature of 63 bytes', () => part(2, (text) => base64url(bytes(text).subarray(1))), 'signature'],
  [
    '§3.4',
    'a signature of 65 bytes',
    () => part(2, (text) => base64url(Buffer.concat([bytes(text), Buffer.of(0)]))),
    'signature',
  ],
  ['§3.4', 'a signature in DER', () => part(2, (text) => base64url(der(bytes(text)))), 'signature'],
  ['§3.7', 'a byte order mark', () => signedText(same, (text) => `\ufeff${text}`), 'malformed'],
  ['§3.7', 'UTF-16', () => signedText(same, (text) => Buffer.from(text, 'utf16le')), 'malformed'],
  ['§3.7', 'bytes that are not UTF-8', () => signedText(same, withByte(0xff)), 'malformed'],
  ['§3.7', 'a lone surrogate', () => signedText(same, (text) => text.replace('worker', '\\ud800')), 'malformed'],
  ['§3.7', 'NUL in a string', () => signedText(same, (text) => text.replace('worker', 'a\\u0000')), 'malformed'],
  ['§3.7', 'padding', () => part(1, (text) => `${text}=`), 'malformed'],
  ['§3.7', 'a space', () => part(1, (text) => `${text} `), 'malformed'],
  ['§3.7', 'standard base64', () => part(2, (text) => `+${text.slice(1)}`), 'malformed'],
  ['§3.8', 'an issuer nobody knows', () => partnerToken({ iss: 'https://evil.example' }), 'issuer'],
  ['§3.8', 'an issuer with a slash more', () => partnerToken({ iss: `${partnerUrl}/` }), 'issuer'],
  ['§3.8', 'an issuer in capitals', () => partnerToken({ iss: partnerUrl.toUpperCase() }), 'issuer'],
  ['§3.8', 'an issuer with its port', () => partnerToken({ iss: `${partnerUrl}:443` }), 'issuer'],
  ['§3.8', 'a Cyrillic issuer', () => partnerToken({ iss: partnerUrl.replace('a', 'а') }), 'issuer'],
  ['§3.8', 'a full-width dot', () => partnerToken({ iss: partnerUrl.replace('.', '．') }), 'issuer'],
  [
    '§3.8',
    'a user before the host',
    () => partnerToken({ iss: 'https://partner.acme.example@evil.example' }),
    'issuer',
  ],
  ['§3.8', 'dot segments', () => partnerToken({ iss: `${partnerUrl}/a/..` }), 'issuer'],
  [
    '§3.8',
    'the issuer of somebody else’s key',
    () => partnerToken({ iss: 'https://token.actions.githubusercontent.com' }),
    'key',
  ],
  ['§3.8', 'no issuer', () => partnerToken({ iss: undefined }), 'malformed'],
  ['§3.8', 'a sub that is a number', () => partnerToken({ sub: 1 }), 'malformed'],
  ['§3.8', 'a sub that is a list', () => partnerToken({ sub: ['worker'] }), 'malformed'],
  ['§3.9', 'another audience', () => partnerToken({ aud: 'https://other.example' }), 'audience'],
  ['§3.9', 'our audience beside another', () => partnerToken({ aud: [sts(), 'https://other.example'] }), 'audience'],
  ['§3.9', 'no audience', () => partnerToken({ aud: undefined }), 'malformed'],
  ['§3.9', 'an empty list of audiences', () => partnerToken({ aud: [] }), 'malformed'],
  ['§3.9', 'an audience in an object', () => partnerToken({ aud: { 0: sts() } }), 'malformed'],
  ['§3.9', 'a client that did not authenticate', () => partnerToken({ aud: 'checkout' }), 'audience'],
  ...['other', '../../dev/null', "' OR 1=1 --", '__proto__', 'constructor'].map(
    (kid): Case => ['§3.10', `kid ${kid}`, () => partnerToken({}, { kid }), 'key'],
  ),
  ['§3.10', 'an empty kid', () => partnerToken({}, { kid: '' }), 'key'],
  ['§3.10', 'a kid that is a number', () => partnerToken({}, { kid: 1 }), 'key'],
  ['§3.10', 'a kid of 10 KB', () => partnerToken({}, { kid: 'k'.repeat(10_000) }), 'key'],
  ...['at+jwt', 'dpop+jwt', 'secevent+jwt', 'token-introspection+jwt', 'client-authentication+jwt', 'txntoken+jwt'].map(
    (typ): Case => [
      '§3.11',
      `typ ${typ}`,
      () => partnerToken({}, { typ }),
      'type',
      () => partnerToken({}, { typ: undefined }),
    ],
  ),
  ['RFC 7515 §4.1.11', 'a critical extension', () => partnerToken({}, { crit: ['x'], x: 1 }), 'malformed'],
  ['RFC 7515 §4.1.11', 'an empty crit', () => partnerToken({}, { crit: [] }), 'malformed'],
  ['RFC 7797 §6', 'b64 without crit', () => partnerToken({}, { b64: false }), 'malformed'],
  ['RFC 7515 §4', 'alg twice', () => signedText((text) => text.replace('{', '{"alg":"none",'), same), 'malformed'],
  ['RFC 7519 §4', 'sub twice', () => signedText(same, (text) => text.replace('{', '{"sub":"root",')), 'malformed'],
  [
    'RFC 7519 §4',
    'sub twice, once by an escape',
    () => signedText(same, (text) => text.replace('{', '{"\\u0073ub":"root",')),
    'malformed',
  ],
  ['RFC 7519 §7.2', 'a payload that is a list', () => signedText(same, (text) => `[${text}]`), 'malformed'],
  ['RFC 7519 §7.2', 'a payload that is a string', () => signedText(same, () => '"text"'), 'malformed'],
  ['RFC 7519 §7.2', 'a payload that is null', () => signedText(same, () => 'null'), 'malformed'],
  [
    'RFC 7519 §7.2',
    '5,000 levels',
    () => signedText(same, (text) => text.replace('{', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)},`)),
    'malformed',
  ],
  ['RFC 7519 §4.1.4', 'no exp', () => partnerToken({ exp: undefined }), 'malformed'],
  ['RFC 7519 §4.1.4', 'exp as text', () => partnerToken({ exp: String(seconds() + 300) }), 'malformed'],
  [
    'RFC 7519 §4.1.4',
    'an exp that never comes',
    () => signedText(same, (text) => text.replace(/"exp":\d+/, '"exp":1e400')),
    'malformed',
  ],
  ['RFC 7519 §4.1.4', 'an exp in 200 million years', () => partnerToken({ exp: 9e15 }), 'malformed'],
  ['RFC 7519 §4.1.4', 'a negative exp', () => partnerToken({ exp: -1 }), 'malformed'],
  ['RFC 7519 §4.1.4', 'an exp that has passed', () => partnerToken({ exp: seconds() - 1 }), 'expired'],
  ['RFC 7519 §4.1.4', 'a lifetime of two days', () => partnerToken({ exp: seconds() + 172_800 }), 'too_old'],
  [
    'RFC 7519 §4.1.5',
    'an nbf five minutes ahead',
    () => partnerToken({ nbf: seconds() + 300 }),
    'not_yet_valid',
    () => partnerToken({ nbf: seconds() + 30 }),
  ],
  [
    'RFC 7519 §4.1.6',
    'an iat five minutes ahead',
    () => partnerToken({ iat: seconds() + 300, exp: seconds() + 600 }),
    'not_yet_valid',
    () => partnerToken({ iat: seconds() + 30 }),
  ],
  ['RFC 7519 §4.1.7', 'a jti that is a number', () => partnerToken({ jti: 1 }), 'malformed'],
  [
    'RFC 8693 §4.1',
    'act as text',
    () => partnerToken({ act: 'worker' }),
    'malformed',
    // Many servers write `scope` as a list: of a foreign token it says nothing here.
    () => partnerToken({ act: { sub: 'worker' }, scope: ['a'], client_id: null }),
  ],
  ['RFC 8693 §4.4', 'may_act as a list', () => partnerToken({ may_act: ['a'] }), 'malformed'],
  ['RFC 7800 §3.1', 'a key it is bound to', () => partnerToken({ cnf: { jkt: 'x' } }), 'binding'],
];

const rows = cases.map(([section, what, bad, reason, good]) => ({ section, what, bad, reason, good }));

describe('a subject token', () => {
  test.each(rows)('$section with $what is refused', async ({ bad, reason, good = () => partnerToken() }) => {
    const { status, body } = await served.exchange({ subject_token: bad() });
    expect([status, body['error'], body['error_description']]).toEqual([
      400,
      'invalid_request',
      'subject_token is not acceptable',
    ]);
    expect(await served.reasonOf(body['decision_id'])).toBe(reason);
    expect(ending(await served.exchange({ subject_token: good() }))).toBe('200');
  });

  test('§3.10 is judged by no key it brings itself, and nothing it names is fetched', async () => {
    const own = makeKey('own');
    const fetched: string[] = [];
    const { createServer } = await import('node:http');
    const sink = createServer((request, response) => {
      fetched.push(request.url ?? '');
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => sink.once('listening', resolve));
    const address = sink.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const smuggled = { jwk: own.publicJwk, jku: `${url}/jwks`, x5u: `${url}/x5u`, x5c: ['AA=='] };
    expect(ending(await served.exchange({ subject_token: partnerToken({}, smuggled, own) }))).toBe(
      '400 invalid_request',
    );
    expect(ending(await served.exchange({ subject_token: partnerToken({ iss: url }) }))).toBe('400 invalid_request');
    expect(ending(await served.exchange({ subject_token: partnerToken({}, smuggled) }))).toBe('200');
    expect(fetched).toEqual([]);
    sink.close();
  });

  test('§3.11 may say it is a JWT, or nothing', async () => {
    for (const typ of ['JWT', 'jwt', 'application/jwt', undefined]) {
      expect(ending(await served.exchange({ subject_token: partnerToken({}, { typ }) }))).toBe('200');
    }
    expect(ending(await served.exchange({ subject_token: partnerToken({}, { typ: 'at+jwt' }) }))).toBe(
      '400 invalid_request',
    );
  });

  test('with claims named like members of every object is a token like any other', async () => {
    const odd = JSON.stringify(partnerClaims()).replace(
      '{',
      '{"__proto__":{"team":"blue"},"constructor":"x","toString":1,',
    );
    const token = signCompact(JSON.stringify(partnerHeader), odd, issuerKey);
    expect(ending(await served.exchange({ subject_token: token }))).toBe('200');
    const red = signCompact(JSON.stringify(partnerHeader), odd.replace(',"team":"blue"', ''), issuerKey);
    expect(ending(await served.exchange({ subject_token: red }))).toBe('400 invalid_target');
  });

  test('with the other signature of the same (r, n − s) is the same token, not another', async () => {
    expect(ending(await served.exchange({ subject_token: part(2, (text) => base64url(otherS(bytes(text)))) }))).toBe(
      '200',
    );
  });

  test('of more than 16 KiB is refused before it is read, a body of more than 64 KiB before that', async () => {
    const { status, body } = await served.exchange({ subject_token: partnerToken({ pad: 'x'.repeat(16_000) }) });
    expect([status, await served.reasonOf(body['decision_id'])]).toEqual([400, 'size']);
    expect(ending(await served.exchange({ subject_token: partnerToken({ pad: 'x'.repeat(64_000) }) }))).toBe(
      '413 invalid_request',
    );
    expect(ending(await served.exchange({ subject_token: partnerToken({ pad: 'x'.repeat(8_000) }) }))).toBe('200');
  });
});

const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');

function bytes(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}

function evil(payload: string): string {
  return bytes(payload).toString('utf8').replace('worker', 'root');
}

function withByte(byte: number): (text: string) => Uint8Array {
  return (text) => Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.of(byte), Buffer.from('"}')]);
}

function der(signature: Buffer): Buffer {
  const integer = (half: Buffer): Buffer => Buffer.concat([Buffer.of(2, 33, 0), half]);
  return Buffer.concat([Buffer.of(48, 70), integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
}

function otherS(signature: Buffer): Buffer {
  const s = BigInt(`0x${order.toString('hex')}`) - BigInt(`0x${signature.subarray(32).toString('hex')}`);
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
}

function sts(): string {
  return 'https://sts.acme.example';
}
