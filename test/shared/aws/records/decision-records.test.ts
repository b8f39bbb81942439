// Decisions, on every DynamoDB there is.
import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallDynamoDb } from '../../../../shared/aws/dynamodb.ts';
import { createFindDecision, createRecordDecision } from '../../../../shared/aws/records/decision-records.ts';
import { type DecisionInput, decisionRecord } from '../../../../shared/oauth/decision/decision-record.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { clientOf, createTable, stores } from '../../../dynamodb-engines.ts';
import { github, now, subjectClaims } from '../../../world.ts';

const table = 'records';
const issued = { exp: now + 300, sub: 'github|repo', clientId: 'github', audience: 'orders-api', scope: undefined };
const input: DecisionInput = {
  decisionId: 'd-1',
  attempt: 'a-1',
  at: now,
  retention: 86_400,
  policyHash: 'h',
  ending: { outcome: 'granted', issued },
  request: { audiences: ['orders-api'], resources: [], scope: undefined },
  subject: { verified: { issuer: { ...github, private: ['ref'] }, claims: subjectClaims } },
  rule: 'r',
  rules: [{ id: 'r', matched: true, conditions: [{ name: 'ref', wanted: ['main'], got: 'main', matched: true }] }],
};
const granted = (changes: Partial<DecisionInput> = {}) => decisionRecord({ ...input, ...changes });
const refused = (changes: Partial<DecisionInput> = {}) =>
  granted({ ending: { outcome: 'refused', error: 'temporarily_unavailable', reason: 'unavailable' }, ...changes });
/** What DynamoDB gives back: members that are undefined are gone. */
const stored = (record: object) => JSON.parse(JSON.stringify(record));

const unavailable = { kind: 'unavailable', dependency: 'dynamodb' };
const refusal = (error: unknown): unknown => (error instanceof Refused ? error.denial : error);

describe.each(stores)('on $name', ({ engine, callOf }) => {
  let running: Awaited<ReturnType<typeof engine.start>>;
  let client: DynamoDBClient;
  let call: CallDynamoDb;
  let record: ReturnType<typeof createRecordDecision>;
  let find: ReturnType<typeof createFindDecision>;
  beforeAll(async () => {
    if (!engine.available) return;
    running = await engine.start();
    client = clientOf(running);
    call = callOf(running);
    record = createRecordDecision(call, table);
    find = createFindDecision(call, table);
    await createTable(client, {
      TableName: table,
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
      BillingMode: 'PAY_PER_REQUEST',
    });
  });
  afterAll(() => running?.close());

  test.skipIf(!engine.available)('a decision is found as it was written, granted or refused', async () => {
    const nothing = { rule: undefined, rules: [], subject: undefined };
    const long = { name: 'ref', wanted: ['main'], got: 'x'.repeat(150), matched: false, hint: 'longer than one write' };
    const rules = Array.from({ length: 9 }, (_, n) => ({ id: `r-${n}`, matched: false, conditions: [long] }));
    const decisions = [granted(), refused({ decisionId: 'd-2', ...nothing }), refused({ decisionId: 'd-7', rules })];
    for (const each of decisions) {
      await record(each);
      expect(stored((await find(each.decisionId)) ?? {})).toEqual(stored(each));
    }
    expect(await find('d-none')).toBeUndefined();
  });

  test.skipIf(!engine.available)('it is one item with its own expiry, and the record of its token', async () => {
    await record(granted({ decisionId: 'd-3' }));
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: { pk: { S: '#decision#d-3' } } }));
    expect(Item).toMatchObject({
      at: { N: String(now) },
      expiresAt: { N: String(now + 86_400) },
      attempt: { S: 'a-1' },
      outcome: { S: 'granted' },
      doc: { S: expect.any(String) },
    });
    expect(JSON.parse(Item?.['doc']?.S ?? '')).toMatchObject({ policy: 'h', rule: 'r', issued: stored(issued) });
  });

  test.skipIf(!engine.available)('a retry of a write finds itself; another request never overwrites it', async () => {
    const first = granted({ decisionId: 'd-4' });
    await record(first);
    await record(first);
    expect(await record({ ...first, attempt: 'a-2' }).catch(refusal)).toEqual(unavailable);
    expect((await find('d-4'))?.attempt).toBe('a-1');
  });

  test.skipIf(!engine.available)('a refusal replaces the grant of its own request, and never the reverse', async () => {
    await record(granted({ decisionId: 'd-5' }));
    await record(refused({ decisionId: 'd-5' }));
    expect((await find('d-5'))?.ending.outcome).toBe('refused');
    expect(await record(granted({ decisionId: 'd-5' })).catch(refusal)).toEqual(unavailable);
    expect((await find('d-5'))?.ending.outcome).toBe('refused');
  });

  test.skipIf(!engine.available)('of 50 requests that write one id at once, one wins', async () => {
    const writes = Array.from({ length: 50 }, (_, n) => record(granted({ decisionId: 'd-6', attempt: `a-${n}` })));
    const settled = await Promise.allSettled(writes);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test.skipIf(!engine.available)('a table that does not exist is unavailable to both', async () => {
    expect(await createRecordDecision(call, 'none')(granted()).catch(refusal)).toEqual(unavailable);
    expect(await createFindDecision(call, 'none')('d-1').catch(refusal)).toEqual(unavailable);
  });
});
