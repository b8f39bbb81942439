// What the functions store beside decisions: the keyring and reference tokens; on every DynamoDB there is.
import { CreateTableCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallDynamoDb } from '../../../../shared/aws/dynamodb.ts';
import { createCachedKeyring, createKeyringStore, createReadKeyring } from '../../../../shared/aws/keys/keyring.ts';
import { makeFirstKeyring, seedKeyring } from '../../../../shared/aws/keys/keyring-seed.ts';
import { createFindReference, createRecordReference } from '../../../../shared/aws/records/reference-tokens.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { Keyring } from '../../../../shared/oauth/jose/keyring.ts';
import { clientOf, stores } from '../../../dynamodb-engines.ts';
import { makeMac, makingOf, verifyMac } from '../test-mac.ts';

const table = 'records';
const keyring = (kid: string): Keyring => ({
  keys: [{ kid, alg: 'ES256', keyId: 'arn:key', state: 'current', publicJwk: { kty: 'EC' } }],
});

const refusal = (error: unknown): unknown => (error instanceof Refused ? error.denial : error);

describe.each(stores)('on $name', ({ engine, callOf }) => {
  let running: Awaited<ReturnType<typeof engine.start>>;
  let client: DynamoDBClient;
  let call: CallDynamoDb;
  beforeAll(async () => {
    if (!engine.available) return;
    running = await engine.start();
    client = clientOf(running);
    call = callOf(running);
    const attributes = [{ AttributeName: 'pk', AttributeType: 'S' as const }];
    const schema = [{ AttributeName: 'pk', KeyType: 'HASH' as const }];
    await client.send(
      new CreateTableCommand({
        TableName: table,
        AttributeDefinitions: attributes,
        KeySchema: schema,
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  });
  afterAll(() => running?.close());

  const find = async (pk: string) =>
    (await client.send(new GetItemCommand({ TableName: table, Key: { pk: { S: pk } }, ConsistentRead: true }))).Item;

  test.skipIf(!engine.available)('a reference token is stored by the hash of its handle', async () => {
    const claims = {
      iss: 'i',
      sub: 's',
      aud: 'a',
      iat: 1,
      exp: 2,
      jti: 'j',
      lineage: { origin: { iss: 'x', iat: 1 } },
    };
    await createRecordReference(call, table)({ handleHash: 'abc', claims });
    expect(await find('#reference#abc')).toEqual({
      pk: { S: '#reference#abc' },
      jti: { S: 'j' },
      claims: { S: JSON.stringify(claims) },
      expiresAt: { N: '2' },
    });
    expect(await createFindReference(call, table)('abc')).toEqual(claims);
    expect(await createFindReference(call, table)('abd')).toBeUndefined();
  });

  test.skipIf(!engine.available)(
    'of the handles of one repeated request the one its record names is alive',
    async () => {
      const claims = {
        iss: 'i',
        sub: 's',
        aud: 'a',
        iat: 1,
        exp: 2,
        jti: 'twice',
        lineage: { origin: { iss: 'x', iat: 1 } },
      };
      const handles = ['old', 'new'];
      for (const handleHash of handles)
        await createRecordReference(call, table)({ handleHash, claims, repeatable: true });
      const find = createFindReference(call, table);
      expect(await Promise.all(handles.map(find))).toEqual([undefined, undefined]);
      await client.send(
        new PutItemCommand({ TableName: table, Item: { pk: { S: '#decision#twice' }, handleHash: { S: 'new' } } }),
      );
      expect(await Promise.all(handles.map(find))).toEqual([undefined, claims]);
    },
  );

  test.skipIf(!engine.available)('the keyring is unavailable until seeded, and is written conditionally', async () => {
    const read = createReadKeyring({ call, table, verifyMac, onFault: () => {} });
    expect(await read().catch(refusal)).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
    const options = { call, table, makeMac };
    await seedKeyring(options, makingOf(keyring('token.first')), false);
    await seedKeyring(options, makingOf(keyring('token.second')), false);
    expect(await read()).toEqual(keyring('token.first'));
    const store = createKeyringStore(options);
    const before = await store.read();
    expect(await store.replace(before, keyring('token.third').keys)).toBe(true);
    expect(await store.replace(before, keyring('token.fourth').keys)).toBe(false);
    expect(await read()).toEqual(keyring('token.third'));
  });

  test.skipIf(!engine.available)('a table that does not exist is unavailable, and seeding it fails', async () => {
    await expect(seedKeyring({ call, table: 'none', makeMac }, makingOf(keyring('x')), false)).rejects.toThrow();
    await expect(
      client.send(new PutItemCommand({ TableName: table, Item: { pk: { S: 'x' } } })),
    ).resolves.toBeDefined();
  });
});

describe('a cached keyring', () => {
  const counting = (answer: (read: number) => Promise<Keyring>) => {
    const counter = { reads: 0 };
    const read = (): Promise<Keyring> => {
      counter.reads += 1;
      return answer(counter.reads);
    };
    return { counter, read };
  };
  const named = async (read: number): Promise<Keyring> => keyring(`kid-${read}`);
  const down = async (): Promise<never> => {
    throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' });
  };
  const kidOf = async (find: () => Promise<Keyring>) => (await find()).keys[0]?.kid;

  test('is read once a minute and once for all who ask together', async () => {
    const { counter, read } = counting(named);
    let now = 1_000;
    const find = createCachedKeyring(read, () => now);
    await Promise.all(Array.from({ length: 20 }, () => find()));
    expect(counter.reads).toBe(1);
    now += 59_999;
    expect(await kidOf(find)).toBe('kid-1');
    now += 1;
    expect(await kidOf(find)).toBe('kid-2');
    now -= 3_600_000;
    expect(await kidOf(find)).toBe('kid-3');
    // Whoever knows that it has changed does not wait, and then all have it.
    expect((await find('again')).keys[0]?.kid).toBe('kid-4');
    expect(await kidOf(find)).toBe('kid-4');
  });

  test('is read each time where nothing may be old, and serves an outage there too', async () => {
    const { counter, read } = counting(named);
    let answer: () => Promise<Keyring> = read;
    const find = createCachedKeyring(
      () => answer(),
      () => 0,
      0,
    );
    await find();
    expect(await kidOf(find)).toBe('kid-2');
    expect(counter.reads).toBe(2);
    answer = down;
    expect(await kidOf(find)).toBe('kid-2');
  });

  test('is asked for again after a read that failed, and serves an hour of outage, not more', async () => {
    let answer: (read: number) => Promise<Keyring> = down;
    let now = 0;
    const find = createCachedKeyring(
      () => answer(1),
      () => now,
    );
    expect(await find().catch(refusal)).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
    answer = named;
    expect(await kidOf(find)).toBe('kid-1');
    answer = down;
    now = 3_599_999;
    expect(await kidOf(find)).toBe('kid-1');
    now = 3_600_000;
    expect(await find().catch(refusal)).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
  });

  test('whose read hangs does not hold up who comes a second later', async () => {
    let now = 0;
    const find = createCachedKeyring(
      counting((read) => (read === 1 ? new Promise(() => {}) : named(read))).read,
      () => now,
    );
    void find();
    now = 1_000;
    expect(await kidOf(find)).toBe('kid-2');
  });
});

test('the first keyring has one current key for each key of the template, and no other shape is taken', async () => {
  const keyOf = async ({ keyId }: { readonly keyId: string }) => ({
    ...{ keyId, thumbprint: `thumb-${keyId}`, publicJwk: { kty: 'EC' } },
  });
  const made = await makeFirstKeyring(
    [
      { keyId: 'a', alg: 'ES256', use: 'token' },
      { keyId: 'b', alg: 'RS256', use: 'answer' },
    ],
    7,
    keyOf,
  );
  expect(made.keys.map(({ kid, alg, state, since }) => [kid, alg, state, since])).toEqual([
    ['token.thumb-a', 'ES256', 'current', 7],
    ['answer.thumb-b', 'RS256', 'current', 7],
  ]);
  // A key that has rotated is disabled, and KMS tells its public half to nobody: of what is not wanted it is asked nothing.
  const disabled = { keyId: 'disabled', alg: 'ES256', use: 'token' };
  const asked = async (key: Parameters<typeof keyOf>[0]) => {
    if (key.keyId === 'disabled') throw Object.assign(new Error('is disabled'), { name: 'DisabledException' });
    return keyOf(key);
  };
  const keys = [disabled, { keyId: 'c', alg: 'ES256', use: 'status' }];
  const isMissing = ({ use }: { readonly use: string }) => use === 'status';
  expect((await makeFirstKeyring(keys, 7, asked, isMissing)).keys.map(({ kid }) => kid)).toEqual(['status.thumb-c']);
  await expect(makeFirstKeyring(keys, 7, asked)).rejects.toThrow('is disabled');
  for (const keys of [undefined, {}, ['a'], [{ keyId: 'a' }], [{ keyId: 'a', alg: 'ES256', use: 'audit' }]])
    await expect(makeFirstKeyring(keys, 7, keyOf)).rejects.toThrow(TypeError);
});
