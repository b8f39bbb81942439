// What the functions store: issuance records and the keyring, on every DynamoDB there is.
import { CreateTableCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRecord } from '../../../shared/aws/issuance-records.ts';
import { createFindSigningKey, createReadKeyring, makeFirstKeyring, seedKeyring } from '../../../shared/aws/keyring.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import type { IssuanceRecord } from '../../../shared/oauth/exchange.ts';
import type { Keyring, SigningKey } from '../../../shared/oauth/keyring.ts';
import { clientOf, engines } from '../../dynamodb-engines.ts';

const table = 'records';
const issuance: IssuanceRecord = {
  jti: 'jti-1',
  decisionId: 'decision-1',
  issuedAt: 1_795_000_000,
  expiresAt: 1_795_000_300,
  subject: 'github|repo:a#b',
  clientId: 'github',
  audience: 'orders-api',
  scope: undefined,
  rule: 'r',
  policyHash: 'h',
  subjectIssuer: 'github',
  subjectJti: undefined,
};
const keyring = (kid: string): Keyring => ({
  keys: [{ kid, alg: 'ES256', keyId: 'arn:key', state: 'current', publicJwk: { kty: 'EC' } }],
});

const refusal = (error: unknown): unknown => (error instanceof Refused ? error.denial : error);

describe.each(engines)('on $name', (engine) => {
  let running: Awaited<ReturnType<typeof engine.start>>;
  let client: DynamoDBClient;
  beforeAll(async () => {
    if (!engine.available) return;
    running = await engine.start();
    client = clientOf(running);
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

  test.skipIf(!engine.available)('a record is durable under its jti and carries its own expiry', async () => {
    await createRecord(client, table)(issuance);
    expect(await find('#issued#jti-1')).toEqual({
      pk: { S: '#issued#jti-1' },
      exp: { N: '1795000300' },
      expiresAt: { N: '1795000600' },
      decisionId: { S: 'decision-1' },
      issuedAt: { N: '1795000000' },
      subject: { S: 'github|repo:a#b' },
      clientId: { S: 'github' },
      audience: { S: 'orders-api' },
      rule: { S: 'r' },
      policyHash: { S: 'h' },
      subjectIssuer: { S: 'github' },
    });
  });

  test.skipIf(!engine.available)(
    'a record is never overwritten by another decision, and a retry of its own finds itself',
    async () => {
      const record = createRecord(client, table);
      await record({ ...issuance, jti: 'jti-2' });
      await record({ ...issuance, jti: 'jti-2' });
      const other = await record({ ...issuance, jti: 'jti-2', decisionId: 'decision-2' }).catch(refusal);
      expect(other).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
      expect((await find('#issued#jti-2'))?.['decisionId']).toEqual({ S: 'decision-1' });
    },
  );

  test.skipIf(!engine.available)('of 50 decisions that write one jti at once, one wins', async () => {
    const record = createRecord(client, table);
    const writes = Array.from({ length: 50 }, (_, n) => record({ ...issuance, jti: 'jti-3', decisionId: `d-${n}` }));
    const settled = await Promise.allSettled(writes);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test.skipIf(!engine.available)(
    'the keyring is unavailable until seeded, and a second seed only adds algorithms',
    async () => {
      const read = createReadKeyring(client, table);
      expect(await read().catch(refusal)).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
      await seedKeyring(client, table, keyring('first'));
      await seedKeyring(client, table, keyring('second'));
      expect(await read()).toEqual(keyring('first'));
      const rsa: SigningKey = {
        kid: 'rsa',
        alg: 'RS256',
        keyId: 'arn:rsa',
        state: 'current',
        publicJwk: { kty: 'RSA' },
      };
      await seedKeyring(client, table, { keys: [...keyring('third').keys, rsa] });
      expect(await read()).toEqual({ keys: [...keyring('first').keys, rsa] });
    },
  );

  test.skipIf(!engine.available)('a table that does not exist is unavailable, and seeding it fails', async () => {
    expect(await createRecord(client, 'none')(issuance).catch(refusal)).toEqual({
      kind: 'unavailable',
      dependency: 'dynamodb',
    });
    await expect(seedKeyring(client, 'none', keyring('x'))).rejects.toThrow();
    await expect(
      client.send(new PutItemCommand({ TableName: table, Item: { pk: { S: 'x' } } })),
    ).resolves.toBeDefined();
  });
});

describe('a signing key', () => {
  test('is found in a keyring that is read once a minute and once for all who ask together', async () => {
    let reads = 0;
    let now = 0;
    const find = createFindSigningKey(
      async () => {
        reads += 1;
        return keyring(`kid-${reads}`);
      },
      () => now,
    );
    await Promise.all(Array.from({ length: 20 }, () => find('ES256')));
    expect(reads).toBe(1);
    now = 59_999;
    expect((await find('ES256')).kid).toBe('kid-1');
    now = 60_000;
    expect((await find('ES256')).kid).toBe('kid-2');
  });

  test('is asked for again after a read that failed', async () => {
    let failing = true;
    const read = async (): Promise<Keyring> => {
      if (failing) throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' });
      return keyring('kid');
    };
    const find = createFindSigningKey(read, () => 0);
    expect(await find('ES256').catch(refusal)).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
    failing = false;
    expect((await find('ES256')).kid).toBe('kid');
  });

  test('of an algorithm the keyring lacks, or that is only previous or next, is unavailable', async () => {
    const [key] = keyring('kid').keys;
    if (!key) return expect.fail('no key');
    for (const state of ['previous', 'next'] as const) {
      const find = createFindSigningKey(
        async () => ({ keys: [{ ...key, state }] }),
        () => 0,
      );
      expect(await find('ES256').catch(refusal)).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
    }
    const find = createFindSigningKey(
      async () => keyring('kid'),
      () => 0,
    );
    expect(await find('RS256').catch(refusal)).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
    expect((await find('ES256')).kid).toBe('kid');
  });
});

test('the first keyring has one current key for each key of the template, and no other shape is taken', async () => {
  const findPublicKey = async (keyId: string) => ({ kid: `kid of ${keyId}`, publicJwk: { kty: 'EC' } });
  const made = await makeFirstKeyring(
    [
      { keyId: 'a', alg: 'ES256' },
      { keyId: 'b', alg: 'RS256' },
    ],
    findPublicKey,
  );
  expect(made.keys.map(({ kid, alg, state }) => [kid, alg, state])).toEqual([
    ['kid of a', 'ES256', 'current'],
    ['kid of b', 'RS256', 'current'],
  ]);
  for (const keys of [undefined, {}, ['a'], [{ keyId: 'a' }]])
    await expect(makeFirstKeyring(keys, findPublicKey)).rejects.toThrow(TypeError);
});
