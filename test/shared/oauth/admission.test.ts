// The last gate: assertions that are tokens of a trusted issuer are as revocable and as single as any, and one token in several
// roles is one use (docs/decisions/single-use.md).
import { describe, expect, test } from 'vitest';
import { newDecision } from '../../../shared/oauth/decision/decision.ts';
import { refusalDetail } from '../../../shared/oauth/decision/refusal-detail.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import { exchange } from '../../../shared/oauth/exchange.ts';
import { oauthError } from '../../../shared/oauth/oauth-error.ts';
import { parseForm } from '../../../shared/oauth/request/form.ts';
import { tokenTypes } from '../../../shared/oauth/token-types.ts';
import type { Client, CompiledPolicy } from '../../../shared/policy/compiled-policy.ts';
import {
  clientKey,
  formBody,
  issuerUrl,
  now,
  run,
  signCompact,
  subjectToken,
  verdict,
  type World,
} from '../../world.ts';
import { as, ci, introspected, issued, lifecycle, nobody, revoked, served } from './lifecycle-world.ts';

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const pod: Client = {
  name: 'pod',
  auth: {
    method: 'federated',
    issuer: 'github',
    match: [{ path: 'sub', type: 'string', anyOf: [{ equals: 'pod' }] }],
  },
  introspects: ['orders-api'],
};
const keyed: Client = {
  name: 'keyed',
  auth: {
    method: 'private_key_jwt',
    keys: { from: 'inline', jwks: { keys: [] } },
    network: 'public',
    algorithms: ['ES256'],
  },
  introspects: ['orders-api'],
};
const clients = { ...served.clients, pod, keyed };
const once: Partial<CompiledPolicy> = { clients, issuers: { github: { ...ci, singleUse: true } } };

const podToken = (jti: string, claims: object = {}) => subjectToken({ sub: 'pod', jti, ...claims });
const asserted = (client_assertion: string) => ({ client_assertion, client_assertion_type: jwtBearer });
const ownAssertion = (jti: string) =>
  signCompact(
    JSON.stringify({ alg: 'ES256', kid: clientKey.kid }),
    JSON.stringify({ iss: 'keyed', sub: 'keyed', aud: issuerUrl, exp: now + 60, iat: now, jti }),
    clientKey,
  );

/** What the caller is told of a refusal. */
async function told(body: string, at: World): Promise<string> {
  const call = { form: parseForm(body), headers: nobody };
  return exchange(call, at.cambio, newDecision(at.newId(), 'attempt')).then(
    () => 'granted',
    (error: unknown) => (error instanceof Refused ? oauthError(error.denial).description : String(error)),
  );
}

describe('a federated client', () => {
  test('whose token was revoked is nobody, wherever it calls', async () => {
    for (const revocation of [
      undefined,
      { by: 'subject', value: 'github|pod', issuedBefore: now, expiresAt: now + 1 },
    ] as const) {
      const at = lifecycle({ clients });
      const { token } = await issued(at);
      const assertion = asserted(podToken('a'));
      const own = await issued(at, formBody(assertion));
      if (revocation) at.revocations.push(revocation);
      const endings = [
        verdict(await run(formBody(assertion), at)),
        (await introspected(at, token, nobody, assertion)).error ?? 'answered',
        (await introspected(at, own.token, nobody, assertion)).error ?? 'answered',
        (await introspected(at, 'garbage', nobody, assertion)).error ?? 'answered',
        await revoked(at, 'garbage', nobody, assertion),
      ];
      expect(endings).toEqual(
        revocation
          ? [
              'invalid_client/client',
              '401 invalid_client/client',
              '401 invalid_client/client',
              '401 invalid_client/client',
              '401 invalid_client/client',
            ]
          : ['granted', 'answered', 'answered', 'answered', 'done'],
      );
    }
  });

  test('of a single-use issuer asserts itself once with each token, and the identical request too needs a fresh one', async () => {
    const at = lifecycle(once);
    const subject_token = subjectToken({ jti: 's-1' });
    const first = formBody({ subject_token, ...asserted(podToken('a-1')) });
    expect(verdict(await run(first, at))).toBe('granted');
    expect(verdict(await run(first, at))).toBe('invalid_client/client');
    const other = formBody({ subject_token: subjectToken({ jti: 's-2' }), ...asserted(podToken('a-1')) });
    expect(verdict(await run(other, at))).toBe('invalid_client/client');
    const fresh = await run(formBody({ subject_token, ...asserted(podToken('a-2')) }), at);
    if (!('granted' in fresh)) return expect.fail(verdict(fresh));
    expect(fresh.claims['jti']).toBe('decision-1');
  });

  test('gets the same claims again whoever asserts it then, and nothing once the first to do so is revoked', async () => {
    const at = lifecycle(once);
    const subject_token = subjectToken({ jti: 's-1' });
    const by = (jti: string, claims: object) =>
      run(formBody({ subject_token, ...asserted(podToken(jti, claims)) }), at);
    const first = await by('a-1', { run_id: '7', iat: now - 30 });
    const again = await by('a-2', { run_id: '8' });
    if (!('granted' in first && 'granted' in again)) return expect.fail(`${verdict(first)} ${verdict(again)}`);
    expect(again.claims).toEqual(first.claims);
    expect(first.claims['lineage']).toMatchObject({ participants: [{ iss: 'github', run: '7', sub: 'github|pod' }] });
    at.revocations.push({ by: 'run', value: 'github|7', issuedBefore: now, expiresAt: now + 1 });
    expect(verdict(await by('a-3', { run_id: '8' }))).toBe('invalid_request/revoked');
    const other = formBody({
      subject_token: subjectToken({ jti: 's-2' }),
      ...asserted(podToken('a-3', { run_id: '8' })),
    });
    expect(verdict(await run(other, at))).toBe('granted');
  });

  test('whose issuer calls the subject private is not kept with the use', async () => {
    for (const secret of [undefined, ['sub']]) {
      const issuers: CompiledPolicy['issuers'] = {
        github: { ...ci, singleUse: true, ...(secret && { private: secret }) },
      };
      const at = lifecycle({ ...once, issuers });
      expect(verdict(await run(formBody(asserted(podToken('a-1'))), at))).toBe('granted');
      expect(JSON.stringify(at.uses).includes('github|pod')).toBe(!secret);
    }
  });

  test('is told apart for operators: what was used, what was revoked', async () => {
    const at = lifecycle(once);
    const detailOf = async (jti: string) => {
      const subject_token = subjectToken({ jti: `s-${at.newId()}` });
      const call = { form: parseForm(formBody({ subject_token, ...asserted(podToken(jti)) })), headers: nobody };
      return exchange(call, at.cambio, newDecision(at.newId(), 'attempt')).then(
        () => 'granted',
        (error: unknown) => (error instanceof Refused ? refusalDetail(error) : error),
      );
    };
    expect(await detailOf('a-1')).toBe('granted');
    expect(await detailOf('a-1')).toBe('the assertion may be used once, and was');
    at.revocations.push({ by: 'subject', value: 'github|pod', issuedBefore: now, expiresAt: now + 1 });
    expect(await detailOf('a-2')).toContain('was revoked');
  });

  test('whose assertion is its subject token too uses it once, and may repeat the request with it', async () => {
    const at = lifecycle(once);
    const token = podToken('both');
    const body = formBody({ subject_token: token, ...asserted(token) });
    expect([verdict(await run(body, at)), at.uses.length]).toEqual(['granted', 1]);
    expect([verdict(await run(body, at)), at.uses.length]).toEqual(['granted', 1]);
    expect(verdict(await run(formBody({ subject_token: token }), at))).toBe('invalid_request/replayed');
  });

  test('with a jti that another issuer’s subject token has too is another use', async () => {
    const at = lifecycle(once);
    const body = formBody({ subject_token: subjectToken({ jti: 'same' }), ...asserted(ownAssertion('same')) });
    expect(verdict(await run(body, at))).toBe('granted');
    expect(at.uses.map(({ use }) => [use.issuer, use.jti])).toEqual([
      [ci.url, 'same'],
      ['keyed', 'same'],
    ]);
  });
});

describe('a private_key_jwt assertion', () => {
  test('is used once at introspection and revocation as everywhere, and given back when there is no answer', async () => {
    const at = lifecycle({ clients });
    const { token } = await issued(at);
    const assertion = asserted(ownAssertion('a-1'));
    const findHolds = async () => {
      throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' });
    };
    const down = { ...at, after: { ...at.after, findHolds } };
    expect((await introspected(down, token, nobody, assertion)).error).toContain('503');
    expect((await introspected(at, token, nobody, assertion)).answer?.active).toBe(true);
    expect((await introspected(at, token, nobody, assertion)).error).toBe('401 invalid_client/client');
    expect(await revoked(at, 'garbage', nobody, assertion)).toBe('401 invalid_client/client');
    expect(await revoked(at, 'garbage', nobody, asserted(ownAssertion('a-2')))).toBe('done');
  });

  test('must be fresh in the identical request, which is another client’s no more', async () => {
    const at = lifecycle(once);
    const subject_token = subjectToken();
    const by = (jti: string) => formBody({ subject_token, ...asserted(ownAssertion(jti)) });
    const first = await run(by('a-1'), at);
    expect(verdict(await run(by('a-1'), at))).toBe('invalid_client/client');
    const again = await run(by('a-2'), at);
    if (!('granted' in first && 'granted' in again)) return expect.fail(`${verdict(first)} ${verdict(again)}`);
    expect(again.claims).toEqual(first.claims);
    expect(verdict(await run(formBody({ subject_token }), at))).toBe('invalid_request/replayed');
    expect(verdict(await run(formBody({ subject_token }), at, as('orders')))).toBe('invalid_request/replayed');
  });
});

describe('who presents an actor', () => {
  const rules = served.rules.map((rule) => ({ ...rule, actor: { from: 'github', match: [] } }));
  const acting = (subject: string, actor: string) =>
    formBody({
      subject_token: subjectToken({ jti: subject }),
      actor_token: podToken(actor),
      actor_token_type: tokenTypes.jwt,
    });

  test('is told which of the two tokens was used or revoked', async () => {
    const at = lifecycle({ ...once, rules });
    expect(await told(acting('s-1', 'a-1'), at)).toBe('granted');
    expect(await told(`${acting('s-1', 'a-2')}&x=1`, at)).toBe('subject_token is not acceptable');
    expect(await told(acting('s-2', 'a-1'), at)).toBe('actor_token is not acceptable');
    at.revocations.push({ by: 'subject', value: 'github|pod', issuedBefore: now, expiresAt: now + 1 });
    expect(await told(acting('s-3', 'a-3'), at)).toBe('actor_token is not acceptable');
    at.revocations.splice(0, 1, { by: 'run', value: 'github|7', issuedBefore: now, expiresAt: now + 1 });
    expect(await told(formBody({ subject_token: subjectToken({ run_id: '7' }) }), at)).toBe(
      'audience or resource is not one target available to this subject',
    );
  });

  test('repeats the identical request with both', async () => {
    const at = lifecycle({ ...once, rules });
    const body = acting('s-1', 'a-1');
    const [first, again] = [await run(body, at), await run(body, at)];
    if (!('granted' in first && 'granted' in again)) return expect.fail(`${verdict(first)} ${verdict(again)}`);
    expect(again.claims).toEqual(first.claims);
    expect(at.uses).toHaveLength(2);
  });
});

test('a transaction token is introspected as what it is', async () => {
  const at = lifecycle();
  const { token } = await issued(
    at,
    formBody({ requested_token_type: tokenTypes.transactionToken, scope: 'orders:read' }),
  );
  const { answer } = await introspected(at, token);
  expect(answer).toMatchObject({ active: true, token_type: 'N_A', txn: 'decision-1', req_wl: 'github' });
});

test.each<[string, readonly string[] | undefined, Readonly<Record<string, unknown>>, unknown]>([
  ['a text', ['run_id'], { run_id: '7' }, '7'],
  ['a number', ['run_id'], { run_id: 7 }, '7'],
  ['several claims', ['ref', 'run_id'], { run_id: 7 }, 'refs/heads/main/7'],
  ['a claim that is missing', ['ref', 'run_id'], {}, undefined],
  ['an empty claim', ['run_id'], { run_id: '' }, undefined],
  ['a claim of another type', ['run_id'], { run_id: ['7'] }, undefined],
  ['none', undefined, { run_id: '7' }, undefined],
])('a run named by %s', async (_what, run, claims, expected) => {
  const { run: _, ...plain } = ci;
  const at = lifecycle({ issuers: { github: run ? { ...plain, run } : plain } });
  const token = await issued(at, formBody({ subject_token: subjectToken(claims) }));
  expect(token.claims['lineage']).toEqual({
    origin: { iss: 'github', iat: now - 70, ...(expected !== undefined && { run: expected }) },
  });
});
