// Proof of possession at the token endpoint (RFC 9449): what a proof must be, what it binds, and that a bound token never comes
// loose.
import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, type JWK, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { newDecision } from '../../../../shared/oauth/decision/decision.ts';
import type { Refused } from '../../../../shared/oauth/denial.ts';
import { exchange } from '../../../../shared/oauth/exchange.ts';
import { thumbprintOf } from '../../../../shared/oauth/jose/thumbprint.ts';
import { parseVerificationJwk } from '../../../../shared/oauth/jose/verification-jwk.ts';
import { oauthError } from '../../../../shared/oauth/oauth-error.ts';
import { parseForm } from '../../../../shared/oauth/request/form.ts';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import { checkProof, dpopAlgorithms, type Nonces } from '../../../../shared/oauth/verify/dpop-proof.ts';
import type { CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import {
  apiBase,
  formBody,
  makeKey,
  makeWorld,
  nonces,
  now,
  run,
  signCompact,
  subjectToken,
  verdict,
} from '../../../world.ts';
import { athOf, type Holder, makeHolder, proofOf, proving } from '../dpop-world.ts';
import { as, ci, exchanged, introspected, issued, lifecycle, served, state } from '../lifecycle-world.ts';

let holder: Holder;
let other: Holder;
beforeAll(async () => {
  holder = await makeHolder();
  other = await makeHolder();
});

const withProof = async (proof: string, body = formBody(), at = makeWorld()): Promise<string> =>
  verdict(await run(body, at, proving(proof)));
const bad = 'invalid_dpop_proof/binding';

describe('RFC 9449 §4.3 a proof', () => {
  type Members = Readonly<Record<string, unknown>>;

  test.each<[what: string, claims: Members, header?: Members]>([
    ['no jti', { jti: undefined }],
    ['an empty jti', { jti: '' }],
    ['a jti of 10 KB', { jti: 'x'.repeat(10_240) }],
    ['a jti that is a number', { jti: 7 }],
    ['no htm', { htm: undefined }],
    ['another method', { htm: 'GET' }],
    ['the method in small letters', { htm: 'post' }],
    ['no htu', { htu: undefined }],
    ['another path', { htu: `${apiBase}/introspect` }],
    ['another host', { htu: 'https://evil.example/live/token' }],
    ['another port', { htu: 'https://api.acme.example:444/live/token' }],
    ['the issuer instead of the API', { htu: 'https://issuer.acme.example/token' }],
    ['http', { htu: 'http://api.acme.example/live/token' }],
    ['a name in the URL', { htu: 'https://api@api.acme.example/live/token' }],
    ['a slash behind the endpoint', { htu: `${apiBase}/token/` }],
    ['no URL', { htu: 'token' }],
    ['several URLs', { htu: [`${apiBase}/token`] }],
    ['no iat', { iat: undefined }],
    ['iat as text', { iat: String(now) }],
    ['iat a minute and a second ago', { iat: now - 61 }],
    ['iat a minute and a second ahead', { iat: now + 61 }],
    ['a nonce we never gave out', { nonce: 'x' }],
    ['a nonce that is a number', { nonce: 1 }],
    ['typ JWT', {}, { typ: 'JWT' }],
    ['no typ', {}, { typ: undefined }],
    ['typ of an access token', {}, { typ: 'at+jwt' }],
    ['alg none', {}, { alg: 'none' }],
    ['a symmetric alg', {}, { alg: 'HS256' }],
    ['alg in small letters', {}, { alg: 'es256' }],
    ['an alg that is not listed', {}, { alg: 'ES512' }],
    ['the alg of another kind of key', {}, { alg: 'RS256' }],
    ['no jwk', {}, { jwk: undefined }],
    ['a jwk that is text', {}, { jwk: 'x' }],
    ['a symmetric jwk', {}, { jwk: { kty: 'oct', k: 'AAAA' } }],
    ['crit', {}, { crit: ['x'], x: 1 }],
  ])('with %s is refused', async (_what, claims, header = {}) => {
    expect(await withProof(proofOf(holder, claims, header))).toBe(bad);
    expect(await withProof(proofOf(holder))).toBe('granted');
  });

  test('with a private jwk, the key of another, or a signature of another is refused', async () => {
    const { d } = holder.key.privateKey.export({ format: 'jwk' });
    expect(await withProof(proofOf(holder, {}, { jwk: { ...holder.jwk, d } }))).toBe(bad);
    expect(await withProof(proofOf(holder, {}, { jwk: other.jwk }))).toBe(bad);
    expect(await withProof(proofOf({ ...holder, key: other.key }))).toBe(bad);
    expect(await withProof(proofOf(holder))).toBe('granted');
  });

  test.each(['', 'x', 'a.b.c', 'a.b'])('that is no JWT is refused: %s', async (proof) => {
    expect(await withProof(proof)).toBe(bad);
    expect(await withProof(proofOf(holder))).toBe('granted');
  });

  test('in two headers is refused, as API Gateway joins them and as one behind it might', async () => {
    const [one, two] = [proofOf(holder), proofOf(holder)];
    for (const joined of [`${one},${two}`, `${one}, ${two}`, `${one},`, `,${one}`, `${one} `]) {
      expect(await withProof(joined)).toBe(bad);
    }
    expect(await withProof(one)).toBe('granted');
  });

  test.each<[what: string, claims: Members, header?: Members]>([
    ['iat a minute ago', { iat: now - 60 }],
    ['iat a minute ahead', { iat: now + 60 }],
    ['a fraction of a second', { iat: now + 0.5 }],
    ['query and fragment', { htu: `${apiBase}/token?a=b#c` }],
    ['the host in capitals, and the port of https', { htu: 'HTTPS://API.acme.example:443/live/token' }],
    ['more claims', { exp: now - 1, nbf: now + 99, more: { a: 1 } }],
    ['more of a header', {}, { kid: 'x', more: [1] }],
    ['typ as a media type', {}, { typ: 'application/DPoP+jwt' }],
  ])('with %s is good', async (_what, claims, header = {}) => {
    expect(await withProof(proofOf(holder, claims, header))).toBe('granted');
  });

  test('is for the endpoint however discovery spells its host', async () => {
    const spelled = makeWorld({ apiBase: apiBase.replace('api.acme.example', 'API.acme.example') });
    expect(await withProof(proofOf(holder), formBody(), spelled)).toBe('granted');
    expect(await withProof(proofOf(holder, { htu: `${apiBase}/Token` }), formBody(), spelled)).toBe(bad);
  });

  const makers: Readonly<Record<string, () => KeyPairKeyObjectResult>> = {
    ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    Ed25519: () => generateKeyPairSync('ed25519'),
    EdDSA: () => generateKeyPairSync('ed25519'),
    PS256: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
    RS256: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  };

  test.each(dpopAlgorithms)('may be signed with %s, which discovery names', async (alg) => {
    const { privateKey, publicKey } = makers[alg]?.() ?? expect.fail('no key for it');
    const jwk = publicKey.export({ format: 'jwk' }) as JWK;
    const signed = new SignJWT(decodeJwt(proofOf(holder))).setProtectedHeader({ typ: 'dpop+jwt', alg, jwk });
    const [header, payload, signature = ''] = (await signed.sign(privateKey)).split('.');
    const other = Buffer.from(signature, 'base64url').reverse().toString('base64url');
    expect(await withProof(`${header}.${payload}.${other}`)).toBe(bad);
    expect(await withProof(`${header}.${payload}.${signature}`)).toBe('granted');
  });

  test('of the RFC’s own examples is good but for the nonce, which none of them has', async () => {
    const key =
      'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19';
    const atToken =
      'eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg';
    const atResource =
      'eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA';
    const never: Nonces = { checkNonce: async () => 'unknown', currentNonce: async () => 'n' };
    const token = { htm: 'POST', htu: 'https://server.example.com/token', now: 1_562_262_616 };
    const resource = { htm: 'GET', htu: 'https://resource.example.org/protectedresource', now: 1_562_262_618 };
    expect(await checkProof(`${key}.${atToken}`, token, never)).toEqual({ wanted: 'n' });
    expect(await checkProof(`${key}.${atResource}`, resource, never)).toEqual({ wanted: 'n' });
    for (const [proof, request] of [
      [atToken, resource],
      [atResource, token],
      [atToken.replace('.2', '.3'), token],
      [atToken, { ...token, now: token.now + 61 }],
    ] as const) {
      expect(await checkProof(`${key}.${proof}`, request, never)).toEqual({ wrong: expect.any(String) });
    }
    expect(decodeJwt(`${key}.${atResource}`)['ath']).toBe(athOf('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'));
    const { jwk = {} } = decodeProtectedHeader(`${key}.${atToken}`);
    const parsed = parseVerificationJwk({ ...jwk }) ?? expect.fail('no key');
    expect(thumbprintOf(parsed.key)).toBe('0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I');
  });

  test('is used once, by whatever request, and not by one that is refused', async () => {
    const at = makeWorld();
    const proof = proofOf(holder);
    expect(await withProof(proof, formBody({ audience: 'payments-api' }), at)).toBe('invalid_target/no_rule');
    expect(await withProof(proof, formBody(), at)).toBe('granted');
    expect(await withProof(proof, formBody(), at)).toBe('invalid_dpop_proof/replayed');
    expect(await withProof(proof, formBody({ audience: 'plain' }), at)).toBe('invalid_dpop_proof/replayed');
    // The same jti under another key is another proof.
    expect(await withProof(proofOf(other, { jti: 'one' }), formBody(), at)).toBe('granted');
    expect(await withProof(proofOf(holder, { jti: 'one' }), formBody(), at)).toBe('granted');
    expect(at.uses.map(({ use: { issuer } }) => issuer)).toEqual([
      `dpop:${holder.jkt}`,
      `dpop:${other.jkt}`,
      `dpop:${holder.jkt}`,
    ]);
  });

  test('is no subject token, no actor token and no assertion', async () => {
    expect(await withProof(proofOf(holder), formBody({ subject_token: proofOf(holder) }))).toBe(
      'invalid_request/malformed',
    );
    const assertion = {
      client_assertion: proofOf(holder),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    };
    expect(await withProof(proofOf(holder), formBody(assertion))).toBe('invalid_client/client');
  });
});

describe('RFC 9449 §8 a nonce', () => {
  const told = async (claims: Readonly<Record<string, unknown>>) => {
    const call = { form: parseForm(formBody()), headers: proving(proofOf(holder, claims)) };
    const refused = (await exchange(call, makeWorld().cambio, newDecision('d', 'a')).catch(
      (error) => error,
    )) as Refused;
    return oauthError(refused.denial);
  };

  test('is asked for where it is missing or old, and told then', async () => {
    for (const nonce of [undefined, nonces.old]) {
      expect(await told({ nonce })).toMatchObject({
        ...{ status: 400, error: 'use_dpop_nonce', reason: 'binding' },
        headers: { 'DPoP-Nonce': nonces.current },
      });
    }
    expect(await withProof(proofOf(holder, { nonce: nonces.current }))).toBe('granted');
  });

  test('is looked at last: what is wrong with a proof is told first', async () => {
    expect(await told({ nonce: undefined, htm: 'GET' })).toMatchObject({ error: 'invalid_dpop_proof', headers: {} });
  });

  test('costs a request without a proof nothing', async () => {
    const never = async () => expect.fail('looked for a nonce');
    const at = makeWorld({ checkProof: never, currentNonce: never });
    expect(verdict(await run(formBody(), at))).toBe('granted');
  });
});

describe('RFC 9449 §5 an issued token', () => {
  test('is bound to the key of the proof, and says so', async () => {
    const outcome = await run(formBody(), makeWorld(), proving(proofOf(holder)));
    expect(outcome).toMatchObject({ granted: { token_type: 'DPoP' }, claims: { cnf: { jkt: holder.jkt } } });
    expect(await run(formBody())).toMatchObject({ granted: { token_type: 'Bearer' } });
    expect(await run(formBody())).not.toHaveProperty('claims.cnf');
  });

  test('is introspected with its binding, of either format (RFC 9449 §6.2)', async () => {
    const at = lifecycle();
    for (const audience of ['orders-api', 'opaque']) {
      const { token } = await issued(at, formBody({ audience }), proving(proofOf(holder)));
      expect((await introspected(at, token)).answer).toMatchObject({
        ...{ active: true, token_type: 'DPoP', cnf: { jkt: holder.jkt } },
      });
      const plain = lifecycle();
      const { token: bearer } = await issued(plain, formBody({ audience }));
      expect((await introspected(plain, bearer)).answer).toMatchObject({ active: true, token_type: 'Bearer' });
    }
  });

  test('of a transaction is bound too, and no access token', async () => {
    const body = formBody({ requested_token_type: tokenTypes.transactionToken, scope: 'orders:read' });
    const outcome = await run(body, makeWorld(), proving(proofOf(holder)));
    expect(outcome).toMatchObject({ granted: { token_type: 'N_A' }, claims: { cnf: { jkt: holder.jkt } } });
  });

  const bound = (binding: 'dpop' | 'mtls'): Partial<CompiledPolicy> => {
    const { 'orders-api': orders = expect.fail('no audience'), ...audiences } = served.audiences;
    return { audiences: { ...audiences, 'orders-api': { ...orders, binding } } };
  };

  test('for an audience that demands a proof is not to be had without', async () => {
    const at = lifecycle(bound('dpop'));
    expect(verdict(await run(formBody(), at))).toBe(bad);
    expect(verdict(await run(formBody({ audience: 'plain' }), at))).toBe('granted');
    expect(await withProof(proofOf(holder), formBody(), at)).toBe('granted');
    // Who is not granted it learns nothing of its binding.
    const stranger = formBody({ subject_token: subjectToken({ ref: 'refs/heads/x' }) });
    expect(verdict(await run(stranger, at))).toBe('invalid_target/no_rule');
  });

  test('for an audience that demands a certificate is not to be had with a proof of another key', async () => {
    const at = lifecycle(bound('mtls'));
    expect(verdict(await run(formBody(), at))).toBe('invalid_request/binding');
    expect(await withProof(proofOf(holder), formBody(), at)).toBe('invalid_request/binding');
    expect(await withProof(proofOf(holder), formBody({ audience: 'plain' }), at)).toBe('granted');
  });
});

describe('a bound subject', () => {
  const hop = async (at: ReturnType<typeof lifecycle>, token: string, dpop: string | undefined) =>
    run(exchanged(token, 'payments-api'), at, { ...as('orders'), dpop });

  test('is exchanged with proof of the same key alone, and stays bound', async () => {
    const at = lifecycle();
    const { token } = await issued(at, formBody(), proving(proofOf(holder)));
    const ath = athOf(token);
    expect(verdict(await hop(at, token, undefined))).toBe('invalid_request/binding');
    expect(verdict(await hop(at, token, proofOf(other, { ath })))).toBe('invalid_request/binding');
    const outcome = await hop(at, token, proofOf(holder, { ath }));
    expect(outcome).toMatchObject({ granted: { token_type: 'DPoP' }, claims: { cnf: { jkt: holder.jkt } } });
  });

  test('wants a proof for itself: one without ath, or of another token, is refused', async () => {
    const at = lifecycle();
    const { token } = await issued(at, formBody(), proving(proofOf(holder)));
    for (const ath of [undefined, '', 'x', athOf(`${token}x`), 1]) {
      expect(verdict(await hop(at, token, proofOf(holder, { ath })))).toBe(bad);
    }
    expect(verdict(await hop(at, token, proofOf(holder, { ath: athOf(token) })))).toBe('granted');
    // A token that is bound to nothing has no such wish.
    expect(await withProof(proofOf(holder, { ath: 'x' }))).toBe('granted');
  });

  test('of another issuer is no different, and what cannot be proved here is refused', async () => {
    const exchangedWith = async (cnf: object, dpop: (token: string) => string | undefined) => {
      const subject_token = subjectToken({ cnf });
      return verdict(
        await run(formBody({ subject_token }), makeWorld(), { authorization: undefined, dpop: dpop(subject_token) }),
      );
    };
    const proven = (token: string) => proofOf(holder, { ath: athOf(token) });
    const { jkt } = holder;
    expect(await exchangedWith({ jkt }, proven)).toBe('granted');
    expect(await exchangedWith({ jkt }, () => undefined)).toBe('invalid_request/binding');
    const unproven = [
      {},
      { jkt: other.jkt },
      { jkt, kid: 'x' },
      { kid: 'x' },
      { jkt: 1 },
      { 'x5t#S256': 'x' },
      { jkt, 'x5t#S256': 'x' },
    ];
    for (const cnf of unproven) expect(await exchangedWith(cnf, proven)).toBe('invalid_request/binding');
  });

  test('gets credentials of a role with its proof alone', async () => {
    const role = {
      name: 'deploy',
      arn: 'arn:aws:iam::111122223333:role/deploy',
      via: 'assume-role',
      ttl: 3_600,
      maxTtl: 3_600,
    } as const;
    const rule = {
      id: 'deploy',
      from: 'github',
      match: [],
      grant: { role: 'deploy', ttl: 900, tags: [], transitive: [], policyArns: [] },
    };
    const at = lifecycle({ roles: { deploy: role }, rules: [rule] });
    const subject_token = subjectToken({ cnf: { jkt: holder.jkt } });
    const body = formBody({ subject_token, audience: 'deploy' });
    expect(verdict(await run(body, at))).toBe('invalid_request/binding');
    const outcome = await run(body, at, proving(proofOf(holder, { ath: athOf(subject_token) })));
    expect(outcome).toMatchObject({ granted: { token_type: 'N_A' } });
  });

  test('binds as an actor too', async () => {
    const rules = served.rules.map((rule) => ({ ...rule, actor: { from: 'github', match: [] } }));
    const at = lifecycle({ rules });
    const actor_token = subjectToken({ sub: 'bot', cnf: { jkt: holder.jkt } });
    const body = formBody({ actor_token, actor_token_type: tokenTypes.jwt });
    expect(verdict(await run(body, at))).toBe('invalid_request/binding');
    expect(await withProof(proofOf(other, { ath: athOf(actor_token) }), body, at)).toBe('invalid_request/binding');
    expect(await withProof(proofOf(holder), body, at)).toBe(bad);
    const outcome = await run(body, at, proving(proofOf(holder, { ath: athOf(actor_token) })));
    expect(outcome).toMatchObject({ claims: { cnf: { jkt: holder.jkt }, act: { sub: 'github|bot' } } });
  });

  test('stays active for resource servers, which check the proof themselves', async () => {
    const at = lifecycle();
    const { token } = await issued(at, formBody(), proving(proofOf(holder)));
    expect(await state(at, token)).toBe('active');
  });
});

describe('a repetition of a single-use request', () => {
  const once: Partial<CompiledPolicy> = { issuers: { github: { ...ci, singleUse: true } } };

  test('has a fresh proof of the same key: another key, or none, is another request', async () => {
    const at = lifecycle(once);
    const body = formBody();
    const proof = proofOf(holder);
    const first = await issued(at, body, proving(proof));
    expect((await issued(at, body, proving(proofOf(holder)))).claims['jti']).toBe(first.claims['jti']);
    expect(await withProof(proof, body, at)).toBe('invalid_dpop_proof/replayed');
    expect(await withProof(proofOf(other), body, at)).toBe('invalid_request/replayed');
    expect(verdict(await run(body, at))).toBe('invalid_request/replayed');
  });
});

test('a proof that another key signed for the thumbprint of a weak one is none', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 });
  const jwk = weak.publicKey.export({ format: 'jwk' });
  expect(await withProof(signCompact(JSON.stringify({ typ: 'dpop+jwt', alg: 'RS256', jwk }), '{}', makeKey('x')))).toBe(
    bad,
  );
});
