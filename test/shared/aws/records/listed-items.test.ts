// The index Status Lists are computed from, on every DynamoDB there is: what records and revocations leave in it.
import { describe, expect, test } from 'vitest';
import type { CallDynamoDb, DynamoDbInput } from '../../../../shared/aws/dynamodb.ts';
import { createRecordDecision } from '../../../../shared/aws/records/decision-records.ts';
import { createListRevocations, createListTokens } from '../../../../shared/aws/records/listed-items.ts';
import { createRecordRevocation } from '../../../../shared/aws/records/revocations.ts';
import { type DecisionInput, decisionRecord } from '../../../../shared/oauth/decision/decision-record.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { RevocableBy, RevocationRecord } from '../../../../shared/oauth/revocation/revocation.ts';
import { now } from '../../../world.ts';
import { onEveryEngine, table } from '../on-every-engine.ts';

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
  ...{ reason: 'stolen laptop', at: now, principal: 'arn:aws:iam::111122223333:user/test', listed: true },
};

onEveryEngine((store, on) => {
  const listTokens = (list: string) => createListTokens(store(), table)(list);
  const listRevocations = () => createListRevocations({ call: store(), table, now: () => now + 5, hours: 2 })();

  on('a token with a status is in its list with all it can be revoked by', async () => {
    const record = createRecordDecision(store(), table);
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

  on('a grant that became a refusal is in no list', async () => {
    const record = createRecordDecision(store(), table);
    const status = { list: 'es256-b-0', index: 1, revocableBy: [subject] };
    const granted = { ...input, decisionId: 'd-3' };
    await record({ ...decisionRecord(granted), status });
    expect(await listTokens('es256-b-0')).toHaveLength(1);
    const refused = { outcome: 'refused', error: 'temporarily_unavailable', reason: 'unavailable' } as const;
    await record(decisionRecord({ ...granted, ending: refused }));
    expect(await listTokens('es256-b-0')).toEqual([]);
  });

  on('revocations are listed by the names that tokens know them by', async () => {
    await createRecordRevocation(store(), table)(revocation);
    const { at, revocations } = await listRevocations();
    expect(at).toBe(now + 5);
    expect(revocations).toEqual([
      { key: expect.stringMatching(/^subject#/), issuedBefore: now, expiresAt: now + 86_400 },
    ]);
    const [token] = await listTokens('es256-a-0');
    expect(token?.revocationKeys[0]?.[0]).toBe(revocations[0]?.key);
    expect(token?.revocationKeys[1]?.[0]).not.toBe(revocations[0]?.key);
  });

  on('what nothing can show is not listed; made again so that it can be, it is', async () => {
    const record = createRecordRevocation(store(), table);
    const unseen = { ...revocation, value: 'github|unseen', listed: false };
    const before = (await listRevocations()).revocations.length;
    await record(unseen);
    expect((await listRevocations()).revocations).toHaveLength(before);
    await record({ ...unseen, issuedBefore: now + 1, listed: true });
    expect((await listRevocations()).revocations).toHaveLength(before + 1);
  });

  on('revocations are listed for so many hours, each once', async () => {
    const record = createRecordRevocation(store(), table);
    const start = (Math.floor(now / 3_600) + 1_000) * 3_600;
    const list = (at: number, hours: number) => createListRevocations({ call: store(), table, now: () => at, hours })();
    const made = async (value: string, at: number) => record({ ...revocation, value, issuedBefore: at, at });
    for (const [value, at] of [
      ['old', start - 1],
      ['new', start],
      ['last', start + 7_199],
    ] as const)
      await made(value, at);
    const count = async (at: number, hours: number) => (await list(at, hours)).revocations.length;
    // Two hours before the last second of an hour are two of its fellows, its own and, its end being near, the next.
    expect(await count(start + 7_199, 2)).toBe(3);
    expect(await count(start + 7_199, 1)).toBe(2);
    expect(await count(start + 7_200, 1)).toBe(1);
    // A writer's clock may be ahead by five minutes.
    expect(await count(start - 301, 0)).toBe(1);
    expect(await count(start - 300, 0)).toBe(2);
    const warm = createListRevocations({ call: store(), table, now: () => start + 7_199, hours: 2 });
    await warm();
    await made('old', start + 7_190);
    const { revocations } = await warm();
    expect(revocations.map(({ issuedBefore }) => issuedBefore).sort()).toEqual([start, start + 7_190, start + 7_199]);
  });

  on('a list of more than one page is read whole', async () => {
    const record = createRecordDecision(store(), table);
    // A page is 1 MB at most.
    const long = Array.from({ length: 400 }, (_, index) => ({ ...subject, value: String(index) }));
    const all = Array.from({ length: 70 }, (_, index) => index);
    const write = (index: number) =>
      record({
        ...decisionRecord({ ...input, decisionId: `long-${index}` }),
        status: { list: 'es256-c-0', index, revocableBy: long },
      });
    await Promise.all(all.map(write));
    let pages = 0;
    const counted: CallDynamoDb = (operation, request) => {
      pages += 1;
      return store()(operation, request);
    };
    const found = await createListTokens(counted, table)('es256-c-0');
    expect(pages).toBeGreaterThan(1);
    expect(found.map(({ index }) => index).sort((a, b) => a - b)).toEqual(all);
  });

  on('without the store nothing is known', async () => {
    const gone = { kind: 'unavailable', dependency: 'dynamodb' };
    expect(await createListTokens(store(), 'none')('es256-a-0').catch(refusal)).toEqual(gone);
    expect(
      await createListRevocations({ call: store(), table: 'none', now: () => now, hours: 2 })().catch(refusal),
    ).toEqual(gone);
  });
});

describe('an instance that listed before', () => {
  const hour = Math.floor(now / 3_600);
  const start = hour * 3_600;

  /** Counts the hours that each look queries. */
  function counting(hours: number) {
    let time = start + 1_000;
    let isDown = false;
    const queried: string[] = [];
    const call = (async (_operation: string, input: DynamoDbInput<'Query'>) => {
      if (isDown) throw new Error('down');
      queried.push(input.ExpressionAttributeValues?.[':listed']?.S ?? '');
      return { Items: [] };
    }) as CallDynamoDb;
    const list = createListRevocations({ call, table, now: () => time, hours });
    const look = async (at: number, down = false) => {
      [time, isDown] = [at, down];
      queried.length = 0;
      const outcome = await list().catch(refusal);
      return { outcome, queried: [...queried] };
    };
    return { look };
  }

  const named = (...hours: readonly number[]) => hours.map((one) => `revocations#${one.toString(36)}`);

  test('queries the hours that more may come to', async () => {
    const { look } = counting(26);
    expect((await look(start + 1_000)).queried).toEqual(named(...Array.from({ length: 27 }, (_, n) => hour - 26 + n)));
    expect((await look(start + 1_001)).queried).toEqual(named(hour));
    expect((await look(start + 3_299)).queried).toEqual(named(hour));
    expect((await look(start + 3_300)).queried).toEqual(named(hour, hour + 1));
    expect((await look(start + 3_900)).queried).toEqual(named(hour, hour + 1));
    expect((await look(start + 3_901)).queried).toEqual(named(hour, hour + 1));
    expect((await look(start + 3_902)).queried).toEqual(named(hour + 1));
  });

  test('asks again for what it could not be told', async () => {
    const { look } = counting(2);
    expect((await look(start + 1_000, true)).outcome).toEqual({ kind: 'unavailable', dependency: 'dynamodb' });
    expect((await look(start + 1_000)).queried).toEqual(named(hour - 2, hour - 1, hour));
    expect((await look(start + 1_000)).outcome).toEqual({ at: start + 1_000, revocations: [] });
  });
});
