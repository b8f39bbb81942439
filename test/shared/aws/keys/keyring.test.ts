// Who can write the table is no issuer: what does not verify is not used, and an older keyring is not gone back to.
import { describe, expect, test } from 'vitest';
import type { CallDynamoDb, Item } from '../../../../shared/aws/dynamodb.ts';
import { createKeyringStore, createReadKeyring, type KeyringFault } from '../../../../shared/aws/keys/keyring.ts';
import { seedKeyring } from '../../../../shared/aws/keys/keyring-seed.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { Keyring, SigningKey } from '../../../../shared/oauth/jose/keyring.ts';
import { makeMac, makingOf, verifyMac } from '../test-mac.ts';

const publicJwk = { kty: 'EC' };
const keyOf = (kid: string): SigningKey => ({ kid, alg: 'ES256', keyId: `arn:${kid}`, state: 'current', publicJwk });
const first: Keyring = { keys: [keyOf('token.first')] };

/** A table of one item, and what writes the item does. */
function oneItem() {
  const table: { item: Item | undefined } = { item: undefined };
  const call = (async (operation: string, input: { Item?: Item; ExpressionAttributeValues?: Item }) => {
    if (operation === 'GetItem') return { Item: table.item };
    const replaced = input.ExpressionAttributeValues?.[':replaced']?.S;
    if (replaced !== table.item?.['keys']?.S) {
      throw Object.assign(new Error('the condition failed'), { name: 'ConditionalCheckFailedException' });
    }
    table.item = input.Item;
    return {};
  }) as unknown as CallDynamoDb;
  const options = { call, table: 'records', makeMac };
  const reader = () => {
    const faults: KeyringFault[] = [];
    let verified = 0;
    const read = createReadKeyring({
      ...{ call, table: 'records', onFault: (fault: KeyringFault) => faults.push(fault) },
      verifyMac: (message, mac) => {
        verified += 1;
        return verifyMac(message, mac);
      },
    });
    const kids = () =>
      read().then(
        ({ keys }) => keys.map(({ kid }) => kid),
        (error: unknown) => (error instanceof Refused ? error.denial : error),
      );
    return { kids, faults, verified: () => verified };
  };
  const store = createKeyringStore(options);
  const rotateTo = async (...kids: readonly string[]) => store.replace(await store.read(), kids.map(keyOf));
  return { table, options, reader, store, rotateTo };
}

const unavailable = { kind: 'unavailable', dependency: 'dynamodb' };

describe('a keyring', () => {
  test('is verified once, and again when it is another', async () => {
    const at = oneItem();
    await seedKeyring(at.options, makingOf(first), false);
    const warm = at.reader();
    for (let read = 0; read < 3; read += 1) expect(await warm.kids()).toEqual(['token.first']);
    expect(warm.verified()).toBe(1);
    expect(await at.rotateTo('token.second')).toBe(true);
    for (let read = 0; read < 3; read += 1) expect(await warm.kids()).toEqual(['token.second']);
    expect([warm.verified(), warm.faults]).toEqual([2, []]);
    expect(at.table.item).toMatchObject({ version: { N: '2' } });
  });

  test.each<[what: string, change: (item: Item, older: Item) => Item | undefined, fault: KeyringFault]>([
    ['keys of somebody else', (item) => ({ ...item, keys: { S: JSON.stringify([keyOf('token.evil')]) } }), 'mac'],
    ['another version', (item) => ({ ...item, version: { N: '9' } }), 'mac'],
    ['another MAC and keys', (item) => ({ ...item, keys: { S: '[]' }, mac: { S: 'AAAA' } }), 'mac'],
    ['no MAC', ({ mac: _, ...item }) => ({ ...item, keys: { S: '[]' } }), 'mac'],
    ['an older one, which verifies', (_item, older) => older, 'older'],
    ['no list', (item) => ({ ...item, keys: { S: '{}' } }), 'malformed'],
    ['what is no JSON', (item) => ({ ...item, keys: { S: '[' } }), 'malformed'],
    ['nothing', () => undefined, 'missing'],
  ])('that somebody replaced by %s is not used: the last good one is, and who starts then has none', async (what, change, fault) => {
    const at = oneItem();
    await seedKeyring(at.options, makingOf(first), false);
    const older = at.table.item ?? expect.fail('no item');
    await at.rotateTo('token.second');
    const good = at.table.item ?? expect.fail('no item');
    const warm = at.reader();
    expect(await warm.kids()).toEqual(['token.second']);
    at.table.item = change(good, older);
    for (let read = 0; read < 2; read += 1) expect(await warm.kids()).toEqual(['token.second']);
    expect(warm.faults).toEqual([fault, fault]);
    // What a rollback can do to who starts then is in docs/decisions/keyring-mac.md.
    expect(await at.reader().kids()).toEqual(fault === 'older' ? ['token.first'] : unavailable);
    if (fault !== 'older') await expect(at.rotateTo('token.third'), what).rejects.toThrow();
    at.table.item = good;
    expect([await warm.kids(), await at.reader().kids()]).toEqual([['token.second'], ['token.second']]);
    expect(await at.rotateTo('token.third')).toBe(true);
    expect(await warm.kids()).toEqual(['token.third']);
  });

  test('is written by one of those who change it at once, and a write that was not answered counts as written', async () => {
    const at = oneItem();
    await seedKeyring(at.options, makingOf(first), false);
    const read = await at.store.read();
    expect(await at.store.replace(read, [keyOf('token.a')])).toBe(true);
    expect(await at.store.replace(read, [keyOf('token.b')])).toBe(false);
    expect(await at.store.replace(read, [keyOf('token.a')])).toBe(true);
    expect(await at.reader().kids()).toEqual(['token.a']);
  });
});

describe('a deployment', () => {
  const template: Keyring = { keys: [keyOf('token.thumb'), keyOf('status.other')] };

  test('whose keyring had no MAC believes nothing of it but names of the template’s keys, and once it has one, none without', async () => {
    const at = oneItem();
    const older = { ...keyOf('thumb'), keyId: 'arn:token.thumb', createdAt: 7 };
    at.table.item = { pk: { S: '#keyring' }, keys: { S: JSON.stringify([older, keyOf('evil'), keyOf('token.evil')]) } };
    const unsealed = at.table.item;
    expect(await at.reader().kids()).toEqual(unavailable);
    await expect(seedKeyring(at.options, makingOf(template), false)).rejects.toThrow('does not verify');
    await seedKeyring(at.options, makingOf(template), true);
    const { keys } = await at.store.read();
    expect(keys.map(({ kid, state, createdAt }) => [kid, state, createdAt])).toEqual([
      ['thumb', 'current', 7],
      ['token.thumb', 'next', undefined],
      ['status.other', 'current', undefined],
    ]);
    at.table.item = unsealed;
    await expect(seedKeyring(at.options, makingOf(template), false)).rejects.toThrow('does not verify');
  });

  test('adds keys for purposes that the keyring has none for, tokens’ first, and leaves what rotation made of the others', async () => {
    const at = oneItem();
    await seedKeyring(at.options, makingOf({ keys: [keyOf('status.a')] }), false);
    await seedKeyring(at.options, makingOf({ keys: [keyOf('status.b'), keyOf('token.c')] }), false);
    expect(await at.reader().kids()).toEqual(['token.c', 'status.a']);
    const written = at.table.item;
    await seedKeyring(at.options, makingOf({ keys: [keyOf('status.b'), keyOf('token.d')] }), false);
    expect(at.table.item).toBe(written);
    // What signed for a policy before, and does no more, is none that signs.
    const { keys } = await at.store.read();
    const ended = keys.map((key) => (key.kid === 'status.a' ? { ...key, state: 'previous' as const } : key));
    await at.store.replace(await at.store.read(), ended);
    await seedKeyring(at.options, makingOf({ keys: [keyOf('status.a'), keyOf('token.c')] }), false);
    expect(await at.reader().kids()).toEqual(['token.c', 'status.a']);
    await seedKeyring(at.options, makingOf({ keys: [keyOf('status.b'), keyOf('token.d')] }), false);
    expect(await at.reader().kids()).toEqual(['token.c', 'status.a', 'status.b']);
  });
});
