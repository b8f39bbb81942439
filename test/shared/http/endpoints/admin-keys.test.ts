// /admin/keys as Lambda calls it, and the schedule: what is answered, what is durable before that, and what the log says.
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import {
  keyRotationTask,
  keysEndpoint,
  revokeKeyEndpoint,
  rotateKeysEndpoint,
} from '../../../../shared/http/endpoints/admin-keys.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { SigningKey } from '../../../../shared/oauth/jose/keyring.ts';
import { cacheLifetimes, forgottenWithin, publishedFor } from '../../../../shared/oauth/keys/key-times.ts';
import type { KeyringItem } from '../../../../shared/oauth/keys/rotate.ts';
import type { RevocationRecord } from '../../../../shared/oauth/revocation/revocation.ts';
import { now, policy } from '../../../world.ts';

const principal = 'arn:aws:sts::111122223333:assumed-role/on-call/alice';
const first: SigningKey = {
  ...{ kid: 'token.first', alg: 'ES256', keyId: 'arn:first', state: 'current', publicJwk: { x: 'public' } },
  ...{ createdAt: now, since: now, ofTemplate: true },
};

function deployment() {
  let item: KeyringItem = { keys: [first], version: 1, text: '1' };
  const state = { now, down: false, changing: false, made: 0 };
  const recorded: RevocationRecord[] = [];
  const published: (readonly string[])[] = [];
  const lines: unknown[][] = [];
  const unavailable = () => {
    if (state.down) throw new Refused({ kind: 'unavailable', dependency: 'kms' });
  };
  const endpoint = {
    policy,
    store: {
      read: async () => item,
      replace: async (_read: KeyringItem, keys: readonly SigningKey[]) => {
        if (state.changing) return false;
        item = { keys, version: item.version + 1, text: `${item.version + 1}` };
        return true;
      },
    },
    kms: {
      make: async () => {
        unavailable();
        state.made += 1;
        return { keyId: `arn:${state.made}`, thumbprint: `made-${state.made}`, publicJwk: {} };
      },
      disable: async () => unavailable(),
      scheduleDeletion: async () => unavailable(),
    },
    publish: async () =>
      void published.push(item.keys.filter(({ state: is }) => is !== 'retired').map(({ kid }) => kid)),
    terms: { purposes: [{ use: 'token', alg: 'ES256' } as const], every: 7_776_000 },
    recordRevocation: async (revocation: RevocationRecord) => void recorded.push(revocation),
    endSessions: undefined,
    keptFor: 1_000,
    now: () => state.now,
    write: (...line: unknown[]) => void lines.push(line),
  };
  const call = async (
    handler: (event: never, context: Context) => Promise<{ statusCode: number; body: string }>,
    kid = '',
  ) => {
    const event = { pathParameters: { kid }, requestContext: { identity: { userArn: principal } } };
    const { statusCode, body } = await handler(event as unknown as APIGatewayProxyEvent as never, {} as Context);
    return { status: statusCode, answer: JSON.parse(body) };
  };
  return { state, recorded, published, lines, endpoint, call };
}

test('the keyring is shown with what becomes of each key, and no more of it', async () => {
  const at = deployment();
  await at.call(rotateKeysEndpoint(at.endpoint));
  const { status, answer } = await at.call(keysEndpoint(at.endpoint));
  const times = { since: now, created_at: now };
  expect([status, answer]).toEqual([
    200,
    {
      keys: [
        {
          kid: 'token.first',
          use: 'token',
          alg: 'ES256',
          state: 'current',
          key_id: 'arn:first',
          ...times,
          signs_until: now + publishedFor,
        },
        {
          kid: 'token.made-1',
          use: 'token',
          alg: 'ES256',
          state: 'next',
          key_id: 'arn:1',
          ...times,
          signs_from: now + publishedFor,
        },
      ],
    },
  ]);
  expect(at.lines).toContainEqual(['info', 'keys_rotated', { principal }]);
  expect(at.published.at(-1)).toEqual(['token.first', 'token.made-1']);
});

test('a rotation that meets another is told to come again', async () => {
  const at = deployment();
  at.state.changing = true;
  expect(await at.call(rotateKeysEndpoint(at.endpoint))).toMatchObject({
    status: 503,
    answer: { error: 'temporarily_unavailable' },
  });
  at.state.changing = false;
  expect((await at.call(rotateKeysEndpoint(at.endpoint))).status).toBe(200);
});

test('a key is revoked for as long as anybody may sign with it, and the answer says what others still do', async () => {
  const at = deployment();
  await at.call(rotateKeysEndpoint(at.endpoint));
  const { status, answer } = await at.call(revokeKeyEndpoint(at.endpoint), 'token.first');
  expect([status, answer]).toMatchObject([
    200,
    {
      ...{ kid: 'token.first', kids: ['token.first'], use: 'token', successor: 'token.made-1', aws: 'none' },
      verifiers: { believed_until: now + forgottenWithin, here: expect.any(String), elsewhere: expect.any(String) },
    },
  ]);
  const issuedBefore = now + cacheLifetimes.keyring;
  expect(at.recorded).toMatchObject([
    { by: 'key', value: 'token.first', issuedBefore, expiresAt: issuedBefore + 1_000, at: now, principal },
  ]);
  expect(at.published.at(-1)).toEqual(['token.made-1', 'token.made-2']);
  expect(at.lines).toContainEqual([
    'info',
    'key_revoked',
    expect.objectContaining({ kids: ['token.first'], principal }),
  ]);
  expect(await at.call(revokeKeyEndpoint(at.endpoint), 'token.first')).toMatchObject({
    status: 404,
    answer: { error: 'invalid_request' },
  });
  expect(at.recorded).toHaveLength(1);
});

test('KMS that fails is 503, its tokens are refused already, and asked again it ends', async () => {
  const at = deployment();
  at.state.down = true;
  const revoke = () => at.call(revokeKeyEndpoint(at.endpoint), 'token.first');
  expect(await revoke()).toMatchObject({ status: 503, answer: { error: 'temporarily_unavailable' } });
  expect(at.recorded).toHaveLength(1);
  at.state.down = false;
  expect(await revoke()).toMatchObject({ status: 200, answer: { successor: 'token.made-1' } });
});

test('the schedule says for how long a step has been waiting, and fails where one cannot be taken', async () => {
  const at = deployment();
  const lag = () => at.lines.findLast(([, message]) => message === 'key_rotation');
  at.state.down = true;
  at.state.now = now + 9_000;
  await expect(keyRotationTask(at.endpoint)()).rejects.toThrow(Refused);
  expect(lag()).toEqual(['error', 'key_rotation', { cause: expect.anything() }, { rotation_lag: 9_000 }]);
  at.state.down = false;
  await keyRotationTask(at.endpoint)();
  expect(lag()).toEqual(['info', 'key_rotation', {}, { rotation_lag: 0 }]);
  expect(at.lines).toContainEqual(['info', 'key_step', { step: 'make', use: 'token', alg: 'ES256' }]);
});
