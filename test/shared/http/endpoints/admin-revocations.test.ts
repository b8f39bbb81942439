// POST /admin/revocations as Lambda calls it: recorded before it is answered, one audit line each, IAM's caller in both.
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { adminRevocationsEndpoint } from '../../../../shared/http/endpoints/admin-revocations.ts';
import type { DecisionRecord } from '../../../../shared/oauth/decision/decision-record.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { RevocationRecord } from '../../../../shared/oauth/revocation/revocation.ts';
import type { CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import { tenantPolicy } from '../../../infra/policy/tenant-world.ts';
import { makeWorld, now, policy } from '../../../world.ts';

const principal = 'arn:aws:sts::111122223333:assumed-role/on-call/alice';
const valid = { by: 'jti', value: 'token-1', reason: 'lost laptop' };

async function call(
  body: unknown,
  changes: {
    readonly family?: string;
    readonly down?: boolean;
    readonly base64?: boolean;
    readonly policy?: CompiledPolicy;
  } = {},
) {
  const recorded: RevocationRecord[] = [];
  const lines: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const handler = adminRevocationsEndpoint({
    findDecision: async () =>
      ({ ending: { outcome: 'granted', issued: { family: changes.family } } }) as unknown as DecisionRecord,
    recordRevocation: async (revocation) => {
      if (changes.down) throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' });
      recorded.push(revocation);
    },
    endSessions: undefined,
    policy: changes.policy ?? policy,
    readKeyring: makeWorld().cambio.readKeyring,
    keptFor: 1_000,
    now: () => now,
    write: (level, message, fields) => void lines.push({ level, message, fields }),
  });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const event = {
    body: changes.base64 ? Buffer.from(text).toString('base64') : text,
    isBase64Encoded: changes.base64 ?? false,
    requestContext: { identity: { userArn: principal } },
  };
  const response = await handler(event as unknown as APIGatewayProxyEvent, {} as Context);
  return { status: response.statusCode, headers: response.headers, answer: JSON.parse(response.body), recorded, lines };
}

test('is recorded with who made it and why, answered, and in the log', async () => {
  for (const base64 of [false, true]) {
    const { status, headers, answer, recorded, lines } = await call(valid, { base64 });
    expect([status, headers?.['Cache-Control']]).toEqual([200, 'no-store']);
    expect(answer).toEqual({ id: expect.any(String), by: 'jti', value: 'token-1', issuedBefore: now, aws: 'none' });
    expect(recorded).toEqual([
      { ...valid, issuedBefore: now, at: now, expiresAt: now + 1_000, principal, listed: false },
    ]);
    expect(lines).toMatchObject([
      { level: 'info', message: 'admin_revocation', fields: { ...valid, issuedBefore: now, principal } },
    ]);
  }
});

test('is listed where an audience has a status to show it', async () => {
  const orders = policy.audiences['orders-api'] ?? expect.fail('no such audience');
  const status: CompiledPolicy = { ...policy, audiences: { 'orders-api': { ...orders, status: true } } };
  expect((await call(valid, { policy: status })).recorded).toMatchObject([{ listed: true }]);
  expect((await call(valid)).recorded).toMatchObject([{ listed: false }]);
});

test('of a family is recorded under its first token, whichever of it is named', async () => {
  const child = await call({ ...valid, by: 'family' }, { family: 'root' });
  expect(child.recorded).toMatchObject([{ by: 'family', value: 'root' }]);
  expect(child.answer).toMatchObject({ by: 'family', value: 'token-1' });
  const root = await call({ ...valid, by: 'family' });
  expect(root.recorded).toMatchObject([{ by: 'family', value: 'token-1' }]);
  expect((await call(valid, { family: 'root' })).recorded).toMatchObject([{ by: 'jti', value: 'token-1' }]);
});

test('by a subject or a run made of private claims is answered as it was asked, and kept and logged as a hash', async () => {
  const github = policy.issuers['github'] ?? expect.fail('no such issuer');
  const withIssuer = (changes: Partial<typeof github>): CompiledPolicy => ({
    ...policy,
    issuers: { github: { ...github, run: ['run_id'], ...changes } },
  });
  for (const by of ['subject', 'run']) {
    const body = { ...valid, by, value: 'github|canary' };
    const secret = await call(body, { policy: withIssuer({ private: ['sub', 'run_id'] }) });
    expect(secret.answer).toMatchObject({ by, value: 'github|canary' });
    expect(secret.recorded).toMatchObject([
      { value: 'github|canary', kept: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
    ]);
    expect(secret.lines[0]?.fields).toMatchObject({ by, value: secret.recorded[0]?.kept });
    expect(JSON.stringify(secret.lines)).not.toContain('canary');
    const open = await call(body, { policy: withIssuer({ private: ['email'] }) });
    expect(open.recorded[0]?.kept).toBeUndefined();
    expect(open.lines[0]?.fields).toMatchObject({ by, value: 'github|canary' });
  }
});

test('is 503 and never 200 while the store does not write, and the log says who tried', async () => {
  const { status, headers, answer, lines } = await call(valid, { down: true });
  expect([status, headers?.['Retry-After'], answer.error]).toEqual([503, '1', 'temporarily_unavailable']);
  expect(lines).toMatchObject([{ level: 'error', fields: { error: 'temporarily_unavailable', principal } }]);
});

test('that is malformed is 400, one that is too large 413, and neither is recorded', async () => {
  for (const [body, status] of [
    [{ ...valid, by: 'x' }, 400],
    ['{', 400],
    ['x'.repeat(65_537), 413],
  ] as const) {
    const answered = await call(body);
    expect([answered.status, answered.answer.error, answered.recorded]).toEqual([status, 'invalid_request', []]);
    expect(answered.lines).toHaveLength(1);
  }
});

test.each([
  ['issuer', 'github', 'gitlab'],
  ['run', 'github|7', 'gitlab|7'],
  ['key', 'token.cambio-key', 'issuer-key'],
])('by %s says when there is nothing of that name, and is made all the same', async (by, there, other) => {
  expect((await call({ ...valid, by, value: there })).answer).not.toHaveProperty('known');
  const { status, answer, recorded } = await call({ ...valid, by, value: other });
  expect([status, answer.known, recorded.length]).toEqual([200, false, 1]);
});

test('by the run of a tenant names its issuer in full', async () => {
  const ofTenants = { policy: tenantPolicy() };
  const by = { ...valid, by: 'run' };
  const { answer, recorded } = await call({ ...by, value: 'acme/github|7' }, ofTenants);
  expect(answer).not.toHaveProperty('known');
  expect(recorded.map(({ value }) => value)).toEqual(['acme/github|7']);
  expect((await call({ ...by, value: 'acme/gitlab|7' }, ofTenants)).answer.known).toBe(false);
});
