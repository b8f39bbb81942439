// `cambio probe` over real HTTP: what it measures, what it says, how it ends.
import { afterEach, describe, expect, test } from 'vitest';
import { encodeStatusList } from '../../shared/oauth/status-list/status-list.ts';
import { cambioIn, inTheWorld } from './cambio.ts';
import { type FakeServer, fakeServer, type Reply, unsignedJwt } from './fake-server.ts';

let server: FakeServer | undefined;
afterEach(() => server?.close());

type Answer = Reply | ((looks: number) => Reply);

interface World {
  /** Of the looks after the revocation, the first one 1. */
  readonly introspection?: Answer;
  readonly list?: (looks: number, uri: string) => Reply;
  readonly words?: readonly string[];
  readonly active?: boolean;
}

const client = ['--client-id', 'orders', '--client-secret-env', 'SECRET'];
const active = { body: { active: true } };
const inactive = { body: { active: false } };
const unavailable = { status: 503, body: { error: 'temporarily_unavailable' } };

/** Time is the command's own: each pause passes at once. */
async function probe({
  introspection = inactive,
  list,
  words = ['--audience', 'orders-api', ...client],
  ...rest
}: World) {
  let revoked = false;
  let looks = 0;
  let listLooks = 0;
  const uriOf = (): string => `${server?.url}/status-lists/es256-a-0`;
  const answers = {
    '/token': () => {
      const status = list && { status: { status_list: { uri: uriOf(), idx: 9 } } };
      return { body: { access_token: unsignedJwt({ jti: 'issued', ...status }, { typ: 'at+jwt' }) } };
    },
    '/introspect': () => {
      if (!revoked) return rest.active === false ? inactive : active;
      looks += 1;
      return typeof introspection === 'function' ? introspection(looks) : introspection;
    },
    '/revoke': () => {
      revoked = true;
      return { body: {} };
    },
    '/status-lists/es256-a-0': () => {
      listLooks += 1;
      return list?.(listLooks, uriOf()) ?? {};
    },
  };
  server = await fakeServer(answers);
  const environment = { CAMBIO_URL: server.url, CAMBIO_ID_TOKEN: unsignedJwt({ jti: 'ci' }), SECRET: 'hunter2' };
  let time = Date.now();
  const sleep = async (ms: number): Promise<void> => {
    time += ms;
  };
  const machine = { ...inTheWorld(environment), clock: () => time, sleep };
  const { exit, stdout, stderr } = await cambioIn(machine, 'probe', ...words);
  return { exit, stderr, said: stdout === '' ? undefined : JSON.parse(stdout), received: server.received };
}

function statusList(uri: string, revoked: boolean): Reply {
  const status_list = encodeStatusList({
    bits: 1,
    size: 64,
    set: new Map([[8, 1], ...(revoked ? [[9, 1] as const] : [])]),
  });
  return { body: unsignedJwt({ sub: uri, status_list }, { typ: 'statuslist+jwt' }) };
}

describe('probe', () => {
  test('exchanges, introspects, revokes, and looks until the token is not active', async () => {
    const { exit, said, received } = await probe({ introspection: (looks) => (looks < 4 ? active : inactive) });
    expect(said).toEqual({
      ...{ audience: 'orders-api', promise_ms: 60_000, within_promise: true },
      ...{ exchange_ms: 0, introspect_ms: 0, revoke_ms: 0, inactive_ms: 1_500 },
    });
    expect(exit).toBe(0);
    const paths = received.map(({ path }) => path);
    expect(paths).toEqual(['/token', '/introspect', '/revoke', ...Array.from({ length: 4 }, () => '/introspect')]);
  });

  test('of a token that is in a Status List, looks until the list shows it too', async () => {
    const late = await probe({ list: (looks, uri) => statusList(uri, looks > 3) });
    expect([late.exit, late.said]).toEqual([0, expect.objectContaining({ status_list_ms: 1_500 })]);
    await server?.close();
    const never = await probe({ list: (_, uri) => statusList(uri, false) });
    expect([never.exit, never.said]).toEqual([
      1,
      expect.objectContaining({ within_promise: false, status_list_ms: null }),
    ]);
    await server?.close();
    const garbage = { sub: '', status_list: { bits: 1, lst: 'AAAA' } };
    for (const list of [
      (_: number, uri: string) => statusList(`${uri}0`, true),
      (_: number, uri: string) => ({ body: unsignedJwt({ ...garbage, sub: uri }) }),
    ]) {
      const another = await probe({ list });
      expect([another.exit, another.stderr]).toEqual([2, expect.stringContaining('no Status List Token')]);
      await server?.close();
    }
  });

  test('ends with 1 when the token is still active after 60 s', async () => {
    const { exit, said } = await probe({ introspection: active });
    expect([exit, said]).toEqual([1, expect.objectContaining({ within_promise: false, inactive_ms: null })]);
  });

  test('ends with 3 when nobody answers; one that answers after all is what counts', async () => {
    const down = await probe({ introspection: unavailable });
    expect([down.exit, down.said]).toEqual([3, undefined]);
    await server?.close();
    const back = await probe({ introspection: (looks) => (looks < 6 ? unavailable : inactive) });
    expect([back.exit, back.said]).toEqual([0, expect.objectContaining({ within_promise: true })]);
  });

  test.each<[World, string]>([
    [{ words: client }, 'needs --audience'],
    [{ words: ['--audience', 'orders-api'] }, 'needs a client'],
    [{ active: false }, '`introspects` must name the audience'],
  ])('says what is missing: %j', async (world, expected) => {
    const { exit, stderr, received } = await probe(world);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(expected)]);
    expect(received.map(({ path }) => path)).not.toContain('/revoke');
    await server?.close();
    expect((await probe({})).exit).toBe(0);
  });
});
