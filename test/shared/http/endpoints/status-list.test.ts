// GET /status-lists/{id}: what caches and verifiers are told, and how old a list may be.
import type { Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { type StatusListEndpoint, statusListEndpoint } from '../../../../shared/http/endpoints/status-list.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { statusesOf } from '../../../status-list-reader.ts';
import { makeWorld, now } from '../../../world.ts';

const list = 'es256-abc-0';
const token = { index: 3, revocationKeys: [['jti:a', now]] } as const;

/** An endpoint at a time that tests move, over records that they change. */
function endpoint(changes: Partial<StatusListEndpoint> = {}) {
  const clock = { now };
  const world = { revoked: false, looks: 0, signed: 0 };
  const written: unknown[] = [];
  const { cambio } = makeWorld();
  const handler = statusListEndpoint({
    ...cambio,
    sign: async (key, input) => {
      world.signed += 1;
      return cambio.sign(key, input);
    },
    countPositions: async () => 64,
    listTokens: async () => [token],
    listRevocations: async () => {
      world.looks += 1;
      const revocation = { key: 'jti:a', issuedBefore: now, expiresAt: now + 3_600 };
      return { at: clock.now, revocations: world.revoked ? [revocation] : [] };
    },
    now: () => clock.now,
    write: (level, message, fields) => written.push([level, message, fields]),
    ...changes,
  });
  const get = (id = list) => handler({ pathParameters: { id } }, {} as Context);
  const status = async (id = list): Promise<Readonly<Record<string, number>>> =>
    statusesOf(claimsOf((await get(id)).body).status_list);
  return { get, status, clock, world, written };
}

function claimsOf(jwt: string) {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));
}

describe('a list', () => {
  test('is served as what it is, to anybody, for as long as it says itself', async () => {
    const { get } = endpoint();
    const answer = await get();
    expect(answer).toMatchObject({
      statusCode: 200,
      headers: {
        'Content-Type': 'application/statuslist+jwt',
        'Cache-Control': 'public, max-age=15',
        'Access-Control-Allow-Origin': '*',
      },
    });
    expect(claimsOf(answer.body)).toMatchObject({ ttl: 15, iat: now, exp: now + 60 });
  });

  test('shows a revocation after its `ttl` at most, and until then costs one look and one signature, however many ask at once', async () => {
    const { status, clock, world } = endpoint();
    expect(await Promise.all([status(), status(), status()])).toEqual([{}, {}, {}]);
    world.revoked = true;
    clock.now = now + 14;
    expect(await status()).toEqual({});
    expect(world).toMatchObject({ looks: 1, signed: 1 });
    clock.now = now + 15;
    expect(await status()).toEqual({ 3: 1 });
    expect(world).toMatchObject({ looks: 2, signed: 2 });
  });

  test('that shares another’s look at the revocations is no older for it', async () => {
    const { status, clock, world } = endpoint();
    await status('es256-abc-0');
    world.revoked = true;
    clock.now = now + 4;
    expect(await status('es256-abd-0')).toEqual({});
    expect(world.looks).toBe(1);
    clock.now = now + 15;
    expect(await status('es256-abd-0')).toEqual({ 3: 1 });
    expect(await status('es256-abe-0')).toEqual({ 3: 1 });
    expect(world.looks).toBe(2);
  });

  test('that is not there is 404 in JSON, and is looked for again', async () => {
    let positions = 0;
    const { get } = endpoint({ countPositions: async () => positions });
    const answer = await get();
    expect(answer).toMatchObject({
      statusCode: 404,
      headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'Access-Control-Allow-Origin': '*' },
    });
    expect(JSON.parse(answer.body)).toEqual({ error: 'invalid_request', error_description: 'no such status list' });
    positions = 64;
    expect((await get()).statusCode).toBe(200);
  });

  test.each([
    'listTokens',
    'listRevocations',
    'countPositions',
    'readKeyring',
    'sign',
  ] as const)('is not served from what %s could not read or do: 503, told to the log, kept by nobody', async (broken) => {
    const failure = new Refused({ kind: 'unavailable', dependency: 'dynamodb' }, { cause: new Error('slow') });
    const { get, world, written } = endpoint({ [broken]: () => Promise.reject(failure) });
    world.revoked = true;
    const answer = await get();
    expect(answer).toMatchObject({ statusCode: 503, headers: { 'Retry-After': '1', 'Cache-Control': 'no-store' } });
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'temporarily_unavailable' });
    expect(written).toEqual([
      ['error', 'status_list_unavailable', expect.objectContaining({ cause: ['Error: slow'] })],
    ]);
    const whole = endpoint();
    whole.world.revoked = true;
    expect((await whole.get()).statusCode).toBe(200);
  });

  test('a request without an id is for no list', async () => {
    const handler = statusListEndpoint({ ...makeWorld().cambio } as unknown as StatusListEndpoint);
    expect((await handler({ pathParameters: null }, {} as Context)).statusCode).toBe(404);
  });
});
