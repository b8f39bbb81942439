// A Status List Token as it is made for a verifier: from records and revocations in memory.
import { describe, expect, test } from 'vitest';
import { listSize, parseListId, referenceOf, seriesOf } from '../../../../shared/oauth/status-list/status-list-id.ts';
import {
  type ListedRevocation,
  type ListedToken,
  makeStatusListToken,
  type StatusListCapabilities,
} from '../../../../shared/oauth/status-list/status-list-token.ts';
import { statusesOf } from '../../../status-list-reader.ts';
import { issuerUrl, makeWorld, now } from '../../../world.ts';

const series = seriesOf('ES256', now);
const { list } = referenceOf(series, 0);
const revocation: ListedRevocation = { key: 'family:a', issuedBefore: now, expiresAt: now + 1 };
/** Issued before the revocation; hit by it through its parent. */
const token: ListedToken = {
  index: 5,
  revocationKeys: [
    ['jti:b', now - 5],
    ['family:a', now],
  ],
};

function capabilities(changes: Partial<StatusListCapabilities> = {}): StatusListCapabilities {
  const { cambio } = makeWorld();
  return {
    ...cambio,
    countPositions: async (asked) => (asked === series.id ? 64 : 0),
    listTokens: async (asked) => (asked === list ? [token] : []),
    listRevocations: async () => ({ at: now, revocations: [revocation] }),
    ...changes,
  };
}

async function made(changes: Partial<StatusListCapabilities> = {}, id: string = list) {
  const answer = await makeStatusListToken(id, capabilities(changes));
  const [header = '', payload = ''] = answer?.jwt.split('.') ?? [];
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return { header: read(header), claims: read(payload), at: answer?.at };
}
const statuses = async (changes: Partial<StatusListCapabilities> = {}) =>
  statusesOf((await made(changes)).claims.status_list);
const withRevocation = (changes: Partial<ListedRevocation>) =>
  statuses({ listRevocations: async () => ({ at: now, revocations: [{ ...revocation, ...changes }] }) });

describe('a Status List Token', () => {
  test('says what it is, whose list it has, and until when', async () => {
    const { header, claims, at } = await made();
    expect(header).toEqual({ alg: 'ES256', typ: 'statuslist+jwt', kid: 'status.cambio-key' });
    expect(claims).toEqual({
      sub: `${issuerUrl}/status-lists/${list}`,
      iat: now,
      exp: now + 60,
      ttl: 15,
      status_list: { bits: 1, lst: expect.any(String) },
    });
    expect(at).toBe(now);
  });

  test('has the time of the look at the revocations, not of its signature', async () => {
    const earlier = async () => ({ at: now - 4, revocations: [revocation] });
    expect((await made({ listRevocations: earlier })).claims).toMatchObject({ iat: now - 4, exp: now + 56 });
  });

  test('marks a token that anything it descends from was revoked of, and no other', async () => {
    const other: ListedToken = { index: 6, revocationKeys: [['family:c', now]] };
    expect(await statuses({ listTokens: async () => [token, other] })).toEqual({ 5: 1 });
    expect(await withRevocation({ key: 'jti:b' })).toEqual({ 5: 1 });
    expect(await withRevocation({ key: 'jti:z' })).toEqual({});
  });

  test('marks what was issued at or before the time revoked, and nothing after it', async () => {
    expect(await withRevocation({ issuedBefore: now })).toEqual({ 5: 1 });
    expect(await withRevocation({ issuedBefore: now - 1 })).toEqual({});
  });

  test('forgets a revocation that has expired but is still there', async () => {
    expect(await withRevocation({ expiresAt: now + 1 })).toEqual({ 5: 1 });
    expect(await withRevocation({ expiresAt: now })).toEqual({});
  });

  test('costs no look at records while nothing is revoked', async () => {
    let looks = 0;
    const listTokens = async () => {
      looks += 1;
      return [token];
    };
    const listRevocations = async () => ({ at: now, revocations: [] });
    expect(await statuses({ listTokens, listRevocations })).toEqual({});
    expect(looks).toBe(0);
    expect(await statuses({ listTokens })).toEqual({ 5: 1 });
    expect(looks).toBe(1);
  });

  test('is one message for KMS whatever is revoked', async () => {
    const inputs: string[] = [];
    const { cambio } = makeWorld();
    // Every second position at random: nothing compresses less.
    const random = Array.from({ length: listSize }, (_, index) => index).filter((index) => isOdd(index * 7_919));
    const listTokens = async () => random.map((index) => ({ ...token, index }));
    const sign: typeof cambio.sign = async (key, input) => {
      inputs.push(input);
      return cambio.sign(key, input);
    };
    expect(Object.keys(await statuses({ listTokens, sign }))).toEqual(random.map(String));
    expect(random.length).toBeGreaterThan(listSize / 3);
    expect(inputs[0]?.length).toBeGreaterThan(1_500);
    expect(inputs[0]?.length).toBeLessThanOrEqual(4_096);
  });
});

/** A bit of a number that looks random. */
function isOdd(number: number): boolean {
  let mixed = number;
  for (const shift of [16, 13, 16]) mixed = Math.imul(mixed ^ (mixed >>> shift), 0x45d9f3b);
  return ((mixed >>> 9) & 1) === 1;
}

describe('a list', () => {
  test('is there as far as positions were given out', async () => {
    const counted = (positions: number) => ({ countPositions: async () => positions });
    const next = referenceOf(series, listSize).list;
    expect(await makeStatusListToken(list, capabilities(counted(0)))).toBeUndefined();
    expect(await makeStatusListToken(list, capabilities(counted(64)))).toBeDefined();
    expect(await makeStatusListToken(next, capabilities(counted(listSize)))).toBeUndefined();
    expect(await makeStatusListToken(next, capabilities(counted(listSize + 64)))).toBeDefined();
  });

  test.each([
    '',
    'x',
    'none-abc-0',
    'ES256-abc-0',
    'es256-abc',
    'es256-abc-00',
    'es256-0abc-0',
    'es256-ABC-0',
    'es256-abc--1',
  ])('named %j is none, and nothing is looked up', async (id) => {
    const countPositions = () => Promise.reject(new Error('looked up'));
    expect(await makeStatusListToken(id, capabilities({ countPositions }))).toBeUndefined();
    await expect(makeStatusListToken('es256-abc-0', capabilities({ countPositions }))).rejects.toThrow('looked up');
  });

  test('of an algorithm without a key is unavailable', async () => {
    const countPositions = async () => 64;
    await expect(makeStatusListToken('es384-abc-0', capabilities({ countPositions }))).rejects.toMatchObject({
      denial: { kind: 'unavailable' },
    });
    await expect(makeStatusListToken('es256-abc-0', capabilities({ countPositions }))).resolves.toBeDefined();
  });
});

describe('positions', () => {
  test('are counted through the lists of a series', () => {
    const at = (position: number) => referenceOf({ id: 's' }, position);
    expect(at(0)).toEqual({ list: 's-0', index: 0 });
    expect(at(listSize - 1)).toEqual({ list: 's-0', index: listSize - 1 });
    expect(at(listSize)).toEqual({ list: 's-1', index: 0 });
    expect(at(listSize * 36 + 7)).toEqual({ list: 's-10', index: 7 });
  });

  test('are of the algorithm and the hour, and outlive every token of it', () => {
    const hour = Math.floor(now / 3_600) * 3_600;
    expect(seriesOf('Ed25519', hour).id).toBe(seriesOf('Ed25519', hour + 3_599).id);
    expect(seriesOf('Ed25519', hour).id).not.toBe(seriesOf('Ed25519', hour + 3_600).id);
    expect(seriesOf('Ed25519', hour)).toMatchObject({ endsAt: hour + 3_600, expiresAt: hour + 3_600 + 86_700 });
  });

  test.each(['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519'] as const)('of %s are found again by their list', (alg) => {
    const { id } = seriesOf(alg, now);
    const { list: second } = referenceOf({ id }, listSize + 3);
    expect(parseListId(second)).toEqual({ series: id, alg, firstPosition: listSize });
  });
});
