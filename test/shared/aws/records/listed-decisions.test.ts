// The list of decisions, on every DynamoDB there is: what records leave in it, and how it is read.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRecordDecision } from '../../../../shared/aws/records/decision-records.ts';
import { createFindListed } from '../../../../shared/aws/records/listed-decisions.ts';
import { latestDecisions } from '../../../../shared/oauth/decision/decision-list.ts';
import { type DecisionInput, decisionRecord } from '../../../../shared/oauth/decision/decision-record.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { clientOf, createTable, stores } from '../../../dynamodb-engines.ts';
import { now } from '../../../world.ts';

const table = 'records';
const input: DecisionInput = {
  ...{ decisionId: '0', attempt: 'a-1', at: now, retention: 86_400, policyHash: 'h' },
  ending: { outcome: 'granted' },
};
const refused = { outcome: 'refused', error: 'invalid_target', reason: 'no_rule' } as const;
const recordOf = (changes: Partial<DecisionInput>) => decisionRecord({ ...input, ...changes });
const idOf = (n: number) => n.toString(16).padStart(2, '0');

describe.each(stores)('on $name', ({ engine, callOf }) => {
  let running: Awaited<ReturnType<typeof engine.start>>;
  let record: ReturnType<typeof createRecordDecision>;
  let unlisted: ReturnType<typeof createRecordDecision>;
  let find: ReturnType<typeof createFindListed>;
  let findElsewhere: ReturnType<typeof createFindListed>;
  beforeAll(async () => {
    if (!engine.available) return;
    running = await engine.start();
    const call = callOf(running);
    record = createRecordDecision(call, table, () => true);
    unlisted = createRecordDecision(call, table, () => false);
    find = createFindListed(call, table);
    findElsewhere = createFindListed(call, 'none');
    await createTable(clientOf(running), {
      TableName: table,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'decided', AttributeType: 'S' },
        { AttributeName: 'at', AttributeType: 'N' },
      ],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'decided',
          KeySchema: [
            { AttributeName: 'decided', KeyType: 'HASH' },
            { AttributeName: 'at', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['reason', 'expiresAt'] },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    });
  });
  afterAll(() => running?.close());

  const latest = (until: number, changes: object = {}, found = find) =>
    latestDecisions(
      { since: until - 90, until, outcomes: ['granted', 'refused'], limit: 100, ...changes },
      { find: found, now: until, clock: () => 0, time: 1_000 },
    );

  test.skipIf(!engine.available)('grants and refusals of several minutes come newest first, page by page', async () => {
    // One in a second and many in a second, of every shard and of one.
    const records = Array.from({ length: 24 }, (_, n) =>
      recordOf({ decisionId: idOf(n * 5), at: now - (n % 8) * 10, ...(n % 3 === 0 && { ending: refused }) }),
    );
    for (const one of records) await record(one);
    await unlisted(recordOf({ decisionId: 'ff', at: now - 1 }));
    const wanted = records
      .map(({ decisionId, at, ending: { outcome } }) => ({ decisionId, at, outcome }))
      .sort((a, b) => b.at - a.at || (a.decisionId > b.decisionId ? -1 : 1));
    const { decisions, next } = await latest(now);
    expect(decisions).toMatchObject(wanted);
    expect(decisions).toHaveLength(24);
    expect(next).toBeUndefined();
    const first = await latest(now, { limit: 10 });
    const second = await latest(now, { limit: 20, after: first.next });
    expect([...first.decisions, ...second.decisions]).toEqual(decisions);
    const refusals = await latest(now, { outcomes: ['refused'], reason: 'no_rule', limit: 3 });
    expect(refusals.decisions).toMatchObject(wanted.filter(({ outcome }) => outcome === 'refused').slice(0, 3));
    expect((await latest(now, { reason: 'denied' })).decisions).toEqual([]);
  });

  test.skipIf(!engine.available)(
    'a refusal that replaces a grant is in the list once, as a refusal; what has expired is not',
    async () => {
      const at = now + 1_000;
      await record(recordOf({ decisionId: 'a1', at }));
      await record(recordOf({ decisionId: 'a1', at, ending: { ...refused, reason: 'unavailable' } }));
      await record(recordOf({ decisionId: 'a2', at, retention: 60 }));
      const listed = async (until: number) =>
        (await latest(until)).decisions.map(({ decisionId, reason }) => [decisionId, reason]);
      expect(await listed(at)).toEqual([
        ['a2', undefined],
        ['a1', 'unavailable'],
      ]);
      expect(await listed(at + 60)).toEqual([['a1', 'unavailable']]);
    },
  );

  test.skipIf(!engine.available)('without its table the list is unavailable', async () => {
    const failed = await latest(now, {}, findElsewhere).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Refused);
    expect((failed as Refused).denial).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
    expect((await latest(now)).decisions.length).toBeGreaterThan(0);
  });
});
