// The index Status Lists are computed from, on every DynamoDB there is: what records and revocations leave in it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRecordDecision } from '../../../shared/aws/decision-records.ts';
import type { CallDynamoDb } from '../../../shared/aws/dynamodb.ts';
import { createListRevocations, createListTokens } from '../../../shared/aws/listed-items.ts';
import { createRecordRevocation } from '../../../shared/aws/revocations.ts';
import { type DecisionInput, decisionRecord } from '../../../shared/oauth/decision/decision-record.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import type { RevocableBy, RevocationRecord } from '../../../shared/oauth/revocation/revocation.ts';
import { clientOf, createTable, stores } from '../../dynamodb-engines.ts';
import { now } from '../../world.ts';

const table = 'records';
const refusal = (error: unknown): unknown => (error instanceof Refused ? error.denial : error);

const issued = { exp: now + 300, sub: 'github|repo', clientId: 'github', audience: 'orders-api', scope: undefined };
const input: DecisionInput = {
  decisionId: 'd-0',
  attempt: 'a-1',
  at: now,
  retention: 86_400,
  policyHash: 'h',
  ending: { outcome: 'granted', issued },
};
const subject: RevocableBy = { by: 'subject', value: 'github|repo', issuedAt: now - 10 };
const family: RevocableBy = { by: 'family', value: 'd-0', issuedAt: now };
const revocation: RevocationRecord = {
  ...{ by: 'subject', value: 'github|repo', issuedBefore: now, expiresAt: now + 86_400 },
  ...{ reason: 'stolen laptop', at: now, principal: 'arn:aws:iam::111122223333:user/test' },
};

describe.each(stores)('on $name', ({ engine, callOf }) => {
  let running: Awaited<ReturnType<typeof engine.start>>;
  let call: CallDynamoDb;
  beforeAll(async () => {
    if (!engine.available) return;
    running = await engine.start();
    call = callOf(running);
    await createTable(clientOf(running), {
      TableName: table,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'listed', AttributeType: 'S' },
      ],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'listed',
          KeySchema: [{ AttributeName: 'listed', KeyType: 'HASH' }],
          Projection: {
            ProjectionType: 'INCLUDE',
            NonKeyAttributes: ['statusIndex', 'revocationKeys', 'issuedBefore', 'expiresAt'],
          },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    });
  });
  afterAll(() => running?.close());

  const listTokens = (list: string) => createListTokens(call, table)(list);
  const listRevocations = () => createListRevocations(call, table, () => now + 5)();

  test.skipIf(!engine.available)('a token with a status is in its list with all it can be revoked by', async () => {
    const record = createRecordDecision(call, table);
    const status = { list: 'es256-a-0', index: 7, revocableBy: [subject, family] };
    await record({ ...decisionRecord(input), status });
    await record(decisionRecord({ ...input, decisionId: 'd-1' }));
    await record({ ...decisionRecord({ ...input, decisionId: 'd-2' }), status: { ...status, list: 'es256-a-1' } });
    const keys = [
      [expect.stringMatching(/^subject#[0-9a-f]{32}$/), now - 10],
      [expect.stringMatching(/^family#[0-9a-f]{32}$/), now],
    ];
    expect(await listTokens('es256-a-0')).toEqual([{ index: 7, revocationKeys: keys }]);
    expect(await listTokens('es256-a-2')).toEqual([]);
  });

  test.skipIf(!engine.available)('a grant that became a refusal is in no list', async () => {
    const record = createRecordDecision(call, table);
    const status = { list: 'es256-b-0', index: 1, revocableBy: [subject] };
    const granted = { ...input, decisionId: 'd-3' };
    await record({ ...decisionRecord(granted), status });
    expect(await listTokens('es256-b-0')).toHaveLength(1);
    const refused = { outcome: 'refused', error: 'temporarily_unavailable', reason: 'unavailable' } as const;
    await record(decisionRecord({ ...granted, ending: refused }));
    expect(await listTokens('es256-b-0')).toEqual([]);
  });

  test.skipIf(!engine.available)('revocations are listed by the names that tokens know them by', async () => {
    await createRecordRevocation(call, table)(revocation);
    const { at, revocations } = await listRevocations();
    expect(at).toBe(now + 5);
    expect(revocations).toEqual([
      { key: expect.stringMatching(/^subject#/), issuedBefore: now, expiresAt: now + 86_400 },
    ]);
    const [token] = await listTokens('es256-a-0');
    expect(token?.revocationKeys[0]?.[0]).toBe(revocations[0]?.key);
    expect(token?.revocationKeys[1]?.[0]).not.toBe(revocations[0]?.key);
  });

  test.skipIf(!engine.available)('a list of more than one page is read whole', async () => {
    const record = createRecordDecision(call, table);
    const long = Array.from({ length: 40 }, (_, index) => ({ ...subject, value: String(index) }));
    const all = Array.from({ length: 700 }, (_, index) => index);
    const write = (index: number) =>
      record({
        ...decisionRecord({ ...input, decisionId: `long-${index}` }),
        status: { list: 'es256-c-0', index, revocableBy: long },
      });
    for (let from = 0; from < all.length; from += 50) await Promise.all(all.slice(from, from + 50).map(write));
    const found = await listTokens('es256-c-0');
    expect(found.map(({ index }) => index).sort((a, b) => a - b)).toEqual(all);
  });

  test.skipIf(!engine.available)('without the store nothing is known', async () => {
    const gone = { kind: 'unavailable', dependency: 'dynamodb' };
    expect(await createListTokens(call, 'none')('es256-a-0').catch(refusal)).toEqual(gone);
    expect(await createListRevocations(call, 'none', () => now)().catch(refusal)).toEqual(gone);
  });
});
