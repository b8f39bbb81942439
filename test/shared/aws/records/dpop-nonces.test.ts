// Nonces of DPoP proofs, over a table that many instances share (docs/decisions/dpop.md).
import { describe, expect, test } from 'vitest';
import type { CallDynamoDb, Item } from '../../../../shared/aws/dynamodb.ts';
import { createNonces } from '../../../../shared/aws/records/dpop-nonces.ts';
import { createProofs } from '../../../../shared/aws/records/proofs.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';

/** A period begins here. */
const start = 1_795_000_200;

function makeTable() {
  const items = new Map<string, Item>();
  const calls: string[] = [];
  let made = 0;
  const call = (async (operation: string, input: { Key: Item; ExpressionAttributeValues: Item }) => {
    calls.push(operation);
    const key = input.Key['pk']?.S ?? '';
    const known = items.get(key);
    if (operation === 'GetItem') return { Item: known };
    const { ':new': fresh = {}, ':expiresAt': expiresAt = {} } = input.ExpressionAttributeValues;
    const item = { nonce: known?.['nonce'] ?? fresh, expiresAt };
    items.set(key, item);
    return { Attributes: item };
  }) as unknown as CallDynamoDb;
  const instance = (clock: { time: number }) =>
    createNonces({ call, table: 'records', now: () => clock.time, newNonce: () => `random-${++made}` });
  return { items, calls, instance };
}

describe('a nonce', () => {
  test('of one instance is good at every other, without a read where it is known', async () => {
    const { calls, instance, items } = makeTable();
    const clock = { time: start };
    const [one, two] = [instance(clock), instance(clock)];
    const nonce = await one.currentNonce();
    expect(await two.currentNonce()).toBe(nonce);
    expect(await instance(clock).checkNonce(nonce)).toBe('good');
    const before = calls.length;
    for (const each of [one, two]) expect(await each.checkNonce(nonce)).toBe('good');
    expect(await one.currentNonce()).toBe(nonce);
    expect(calls.length).toBe(before);
    const [[key, item] = []] = [...items];
    expect(key).toMatch(/^#nonce#[0-9a-z]+$/);
    expect(Number(item?.['expiresAt']?.N)).toBeGreaterThan(start + 600);
  });

  test.each([
    [299, 'good'],
    [300, 'good'],
    [599, 'good'],
    [600, 'stale'],
    [86_400, 'stale'],
  ])('%i s after it was first given out is %s', async (later, expected) => {
    const { instance } = makeTable();
    const clock = { time: start };
    const given = instance(clock);
    const nonce = await given.currentNonce();
    clock.time += later;
    expect(await given.checkNonce(nonce)).toBe(expected);
    expect(await instance(clock).checkNonce(nonce)).toBe(expected);
    expect((await given.currentNonce()) === nonce).toBe(later < 300);
  });

  test('of an instance whose clock is ahead is good where it is behind', async () => {
    const { instance } = makeTable();
    const nonce = await instance({ time: start }).currentNonce();
    expect(await instance({ time: start - 1 }).checkNonce(nonce)).toBe('good');
  });

  test.each([
    '',
    'x',
    '.',
    'NaN.random-1',
    '-1',
    'zzzzzzzzzz.random-1',
  ])('that is no nonce costs no read: %s', async (nonce) => {
    const { calls, instance } = makeTable();
    expect(await instance({ time: start }).checkNonce(nonce)).not.toBe('good');
    expect(calls).toEqual([]);
  });

  test('that is guessed is unknown where there is one, and makes us read once in a while where there is none', async () => {
    const { calls, instance } = makeTable();
    const clock = { time: start };
    const { checkNonce, currentNonce } = instance(clock);
    const [period = ''] = (await currentNonce()).split('.');
    expect(await checkNonce(`${period}.guessed`)).toBe('unknown');
    const next = (Number.parseInt(period, 36) + 1).toString(36);
    for (let each = 0; each < 10; each += 1) expect(await checkNonce(`${next}.guessed`)).toBe('stale');
    expect(calls).toEqual(['UpdateItem', 'GetItem']);
    // Once it is there it is found.
    const nonce = await instance({ time: start + 300 }).currentNonce();
    clock.time += 5;
    expect(await checkNonce(nonce)).toBe('good');
  });

  test('is not there while the table is not', async () => {
    const call = (async () => Promise.reject(new Error('down'))) as unknown as CallDynamoDb;
    const { currentNonce } = createProofs({ call, table: 'records', now: () => start, newNonce: () => 'x' });
    const refused = await currentNonce().catch((error) => error);
    expect(refused).toBeInstanceOf(Refused);
    expect((refused as Refused).denial).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
  });
});
