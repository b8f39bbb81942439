// What the functions store beside decisions: the keyring and reference tokens; on every DynamoDB there is.
import { CreateTableCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallDynamoDb } from '../../../shared/aws/dynamodb.ts';
import { createCachedKeyring, createReadKeyring, makeFirstKeyring, seedKeyring } from '../../../shared/aws/keyring.ts';
import { createFindReference, createRecordReference } from '../../../shared/aws/reference-tokens.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import type { Keyring, SigningKey } from '../../../shared/oauth/jose/keyring.ts';
import { clientOf, stores } from '../../dynamodb-engines.ts';

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

  test.skipIf(!engine.available)(
    'the keyring is unavailable until seeded, and a second seed only adds purposes',
    async () => {
      const read = createReadKeyring(call, table);
      expect(await read().catch(refusal)).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
      await seedKeyring(call, table, keyring('first'));
      await seedKeyring(call, table, keyring('second'));
      expect(await read()).toEqual(keyring('first'));
      const rsa: SigningKey = {
        kid: 'rsa',
        alg: 'RS256',
        keyId: 'arn:rsa',
        state: 'current',
        publicJwk: { kty: 'RSA' },
      };
      await seedKeyring(call, table, { keys: [...keyring('third').keys, rsa] });
      expect(await read()).toEqual({ keys: [...keyring('first').keys, rsa] });
      const status: SigningKey = { ...rsa, kid: 'status.ec', alg: 'ES256' };
      const ed: SigningKey = { ...rsa, kid: 'token.ed', alg: 'Ed25519' };
      await seedKeyring(call, table, { keys: [status, { ...ed, kid: 'status.first', alg: 'ES256' }, ed] });
      // Those for tokens first: an earlier version signs with the first of an algorithm.
      expect(await read()).toEqual({ keys: [...keyring('first').keys, rsa, ed, status] });
      // The name an earlier version gave it signs on, until the other has been published for long enough.
      await seedKeyring(call, table, keyring('token.first'));
      await seedKeyring(call, table, keyring('token.first'));
      expect((await read()).keys.map(({ kid, state }) => [kid, state])).toEqual([
        ['first', 'current'],
        ['rsa', 'current'],
        ['token.ed', 'current'],
        ['token.first', 'next'],
        ['status.ec', 'current'],
      ]);
    },
  );

  test.skipIf(!engine.available)('a table that does not exist is unavailable, and seeding it fails', async () => {
    await expect(seedKeyring(call, 'none', keyring('x'))).rejects.toThrow();
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
  const findPublicKey = async (keyId: string) => ({ thumbprint: `thumb-${keyId}`, publicJwk: { kty: 'EC' } });
  const made = await makeFirstKeyring(
    [
      { keyId: 'a', alg: 'ES256', use: 'token' },
      { keyId: 'b', alg: 'RS256', use: 'answer' },
    ],
    findPublicKey,
  );
  expect(made.keys.map(({ kid, alg, state }) => [kid, alg, state])).toEqual([
    ['token.thumb-a', 'ES256', 'current'],
    ['answer.thumb-b', 'RS256', 'current'],
  ]);
  for (const keys of [undefined, {}, ['a'], [{ keyId: 'a' }], [{ keyId: 'a', alg: 'ES256', use: 'audit' }]])
    await expect(makeFirstKeyring(keys, findPublicKey)).rejects.toThrow(TypeError);
});
