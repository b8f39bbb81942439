// What a command proves: verified by jose and by the server's own code, with the newest nonce of each server.
import { generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { CallFailed, failureOf, nonceOf } from '../../../cli/call-failed.ts';
import { keyFrom, newKey, type ProofKey } from '../../../cli/dpop/proof.ts';
import { createProver } from '../../../cli/dpop/prover.ts';
import type { Answered } from '../../../cli/fetch.ts';
import { checkProof } from '../../../shared/oauth/verify/dpop-proof.ts';

const now = 1_795_000_000;
const clock = () => now * 1_000;
const url = new URL('https://api.acme.example/token?x=1#y');
const nonces = {
  checkNonce: async (nonce: string) => (nonce === 'good' ? ('good' as const) : ('unknown' as const)),
  currentNonce: async () => 'good',
};
const pemOf = ({ privateKey }: { readonly privateKey: KeyObject }): string =>
  String(privateKey.export({ type: 'pkcs8', format: 'pem' }));

const keys: readonly (readonly [string, () => ProofKey])[] = [
  ['a key of its own', newKey],
  ['P-256', () => keyFrom(pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' })), 'f')],
  ['P-384', () => keyFrom(pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' })), 'f')],
  ['Ed25519', () => keyFrom(pemOf(generateKeyPairSync('ed25519')), 'f')],
  ['RSA', () => keyFrom(pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 })), 'f')],
];

describe.each(keys)('with %s', (_what, make) => {
  const key = make();

  test('a proof is of its public key alone, for one request, and the server takes it as such', async () => {
    const { thumbprint, proofFor } = createProver(key, { clock });
    const proof = proofFor({ method: 'POST', url, token: 'a-token', nonce: 'good' });
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' });
    expect(payload).toEqual({
      ...{
        jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
        htm: 'POST',
        htu: 'https://api.acme.example/token',
        iat: now,
      },
      ...{ ath: hash('sha256', 'a-token', 'base64url'), nonce: 'good' },
    });
    expect(await calculateJwkThumbprint(protectedHeader.jwk ?? {})).toBe(thumbprint);
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(protectedHeader.jwk).not.toHaveProperty(secret);
    const htu = 'https://api.acme.example/token';
    expect(await checkProof(proof, { htm: 'POST', htu, now }, nonces)).toMatchObject({ jkt: thumbprint });
    expect(await checkProof(proof, { htm: 'POST', htu: 'https://other.example/token', now }, nonces)).toEqual({
      wrong: 'htu is another endpoint',
    });
  });
});

describe('the nonce of a server', () => {
  const answered = (nonce?: string): Answered => ({ status: 200, headers: {}, json: {}, text: '', nonce });
  const wanted = (nonce?: string) => new CallFailed({ status: 400, error: 'use_dpop_nonce', description: '', nonce });
  const claimsOf = (proof: string) => JSON.parse(Buffer.from(proof.split('.')[1] ?? '', 'base64url').toString());

  /** Answers one call after the other, and remembers the nonce and `jti` of each proof. */
  function serving(...answers: readonly (Answered | CallFailed)[]) {
    const sent: { readonly nonce?: string; readonly jti: string }[] = [];
    const call = async ({ dpop }: { readonly dpop: string }): Promise<Answered> => {
      sent.push(claimsOf(dpop));
      const answer = answers[sent.length - 1] ?? answered();
      if (answer instanceof CallFailed) throw answer;
      return answer;
    };
    return { sent, call, nonces: () => sent.map(({ nonce }) => nonce) };
  }
  const request = { method: 'POST', url };

  test('is answered once, with another proof, and kept until the next one comes', async () => {
    const { prove } = createProver(newKey(), { clock });
    const server = serving(wanted('n1'), answered('n2'));
    for (let round = 0; round < 3; round += 1) await prove(request, server.call);
    expect(server.nonces()).toEqual([undefined, 'n1', 'n2', 'n2']);
    expect(new Set(server.sent.map(({ jti }) => jti)).size).toBe(4);
  });

  test('is learned from a refusal too, and is no other server’s', async () => {
    const { prove } = createProver(newKey(), { clock });
    const refused = new CallFailed({ status: 400, error: 'invalid_target', description: '', nonce: 'n1' });
    const [server, other] = [serving(refused), serving()];
    await expect(prove(request, server.call)).rejects.toBe(refused);
    await prove(request, server.call);
    await prove({ ...request, url: new URL('https://other.example/token') }, other.call);
    expect([server.nonces(), other.nonces()]).toEqual([[undefined, 'n1'], [undefined]]);
  });

  test('that is wanted again and again is answered once for each call', async () => {
    const { prove } = createProver(newKey(), { clock });
    const server = serving(wanted('n1'), wanted('n2'), answered());
    await expect(prove(request, server.call)).rejects.toMatchObject({ facts: { error: 'use_dpop_nonce' } });
    expect(server.nonces()).toEqual([undefined, 'n1']);
    await prove(request, server.call);
    expect(server.nonces()).toEqual([undefined, 'n1', 'n2']);
  });

  test('that is wanted and not told, or is none, is not asked for twice', async () => {
    const { prove } = createProver(newKey(), { clock });
    const server = serving(wanted(undefined), answered());
    await expect(prove(request, server.call)).rejects.toMatchObject({ facts: { error: 'use_dpop_nonce' } });
    expect(server.sent.length).toBe(1);
    await prove(request, server.call);
    for (const bad of ['', 'a b', 'a"b', 'a\\b', 'x'.repeat(257), ['a', 'b']]) {
      expect(nonceOf({ headers: { 'dpop-nonce': bad } })).toBeUndefined();
    }
    expect(failureOf({ status: 400, headers: { 'dpop-nonce': 'good.one' }, body: '{}' }, 0).nonce).toBe('good.one');
  });
});
