// An upgrade keeps data: what the latest release left in the table is read, and held to, as what the present version writes.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallDynamoDb, Item } from '../../../../shared/aws/dynamodb.ts';
import { createReadKeyring } from '../../../../shared/aws/keys/keyring.ts';
import { seedKeyring } from '../../../../shared/aws/keys/keyring-seed.ts';
import { createFindDecision } from '../../../../shared/aws/records/decision-records.ts';
import { createFindListed } from '../../../../shared/aws/records/listed-decisions.ts';
import { createListRevocations, createListTokens } from '../../../../shared/aws/records/listed-items.ts';
import { lookupsOf, recordsOf, revocationsOf } from '../../../../shared/aws/records/records.ts';
import { createCountPositions, createReserveStatus } from '../../../../shared/aws/records/status-positions.ts';
import { createListSuspensions } from '../../../../shared/aws/records/suspensions.ts';
import { latestDecisions } from '../../../../shared/oauth/decision/decision-list.ts';
import type { SigningKey } from '../../../../shared/oauth/jose/keyring.ts';
import { clientOf, createTable, directCallOf, engines, type RunningDynamoDb } from '../../../dynamodb-engines.ts';
import { now, policy } from '../../../world.ts';
import {
  assertion,
  granted,
  handles,
  referred,
  refused,
  revocations,
  singleUse,
  statusList,
  writeOneOfEach,
} from '../one-of-each.ts';
import { makeMac, makingOf, verifyMac } from '../test-mac.ts';

const table = 'records';

interface Released {
  readonly items: readonly Item[];
  readonly decisions: Readonly<Record<string, object>>;
}

/** A new release writes its own, as docs/releases.md says. */
const released = JSON.parse(readFileSync(new URL('released-items.json', import.meta.url), 'utf8')) as Released;

const writers = [
  {
    name: 'the latest release',
    write: async (call: CallDynamoDb) => {
      for (const Item of released.items) await call('PutItem', { TableName: table, Item });
    },
  },
  { name: 'the present version', write: (call: CallDynamoDb) => writeOneOfEach(call, table) },
];

/** The one that takes least to start; all of them keep the same items. */
const engine = engines.find(({ available }) => available) ?? engines[0];

describe.each(writers)('items of $name', ({ write }) => {
  let running: RunningDynamoDb;
  let call: CallDynamoDb;
  let records: ReturnType<typeof recordsOf> & ReturnType<typeof lookupsOf> & ReturnType<typeof revocationsOf>;
  beforeAll(async () => {
    if (!engine) throw new Error('there is no engine');
    running = await engine.start();
    call = directCallOf(running);
    const index = (name: string, sorted: boolean) => ({
      IndexName: name,
      KeySchema: [
        { AttributeName: name, KeyType: 'HASH' as const },
        ...(sorted ? [{ AttributeName: 'at', KeyType: 'RANGE' as const }] : []),
      ],
      Projection: { ProjectionType: 'ALL' as const },
    });
    const attribute = (AttributeName: string, AttributeType: 'S' | 'N') => ({ AttributeName, AttributeType });
    await createTable(clientOf(running), {
      TableName: table,
      AttributeDefinitions: [
        attribute('pk', 'S'),
        attribute('listed', 'S'),
        attribute('decided', 'S'),
        attribute('at', 'N'),
      ],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [index('listed', false), index('decided', true)],
      BillingMode: 'PAY_PER_REQUEST',
    });
    await write(call);
    const parts = { call, table, now: () => now, random: () => 0 };
    records = { ...recordsOf({ ...parts, entersList: () => true }), ...lookupsOf(parts), ...revocationsOf(parts) };
  });
  afterAll(() => running?.close());

  test('decisions say what they said, and are in the list', async () => {
    const find = createFindDecision(call, table);
    for (const id of [granted, refused, referred]) {
      expect(JSON.parse(JSON.stringify(await find(id)))).toMatchObject(released.decisions[id] ?? {});
    }
    const query = { since: now - 60, until: now, limit: 10, outcomes: ['granted', 'refused'] } as const;
    const listed = await latestDecisions(query, {
      find: createFindListed(call, table),
      now,
      clock: () => 0,
      time: 1_000,
    });
    expect(listed.decisions.map(({ decisionId }) => decisionId).sort()).toEqual([granted, refused, referred]);
    expect(await find('none')).toBeUndefined();
  });

  test('handles are alive that were, and others are not', async () => {
    const found = await Promise.all([...handles, 'd'.repeat(64)].map(records.findReference));
    expect(found.map((claims) => claims?.jti)).toEqual([granted, referred, undefined]);
  });

  test('revocations and suspensions hold, but for the one that was ended', async () => {
    const names = (['client', 'rule', 'issuer'] as const).map((kind) => ({
      kind,
      name: { client: 'checkout', rule: 'deploy', issuer: 'github' }[kind],
    }));
    const parts = revocations.map(({ by, value }) => ({ by, value, issuedAt: now }));
    const holds = await records.findHolds({ parts, names });
    expect(holds.revocations.map(({ by }) => by).sort()).toEqual(['issuer', 'jti', 'subject']);
    for (const one of holds.revocations) expect(one).toMatchObject({ issuedBefore: now, expiresAt: now + 2_592_000 });
    expect(holds.suspensions.map(({ kind, until }) => [kind, until]).sort()).toEqual([
      ['client', undefined],
      ['issuer', now],
      ['rule', now + 3_600],
    ]);
    const { findHolds } = records;
    const list = createListSuspensions({ call, table, now: () => now, findHolds });
    expect((await list()).map(({ kind }) => kind)).toEqual(['client', 'rule']);
  });

  test('what was used is used, and what was not is free', async () => {
    const attempt = 'another';
    expect(await records.takeUse({ use: singleUse, attempt })).toEqual({ outcome: 'used' });
    expect(await records.takeUse({ use: assertion, attempt })).toEqual({ outcome: 'used' });
    expect(await records.takeUse({ use: { ...assertion, jti: 'new' }, attempt })).toEqual({ outcome: 'first' });
  });

  test('positions of Status Lists go on where they were, and lists show the same tokens and revocations', async () => {
    const counted = createCountPositions({ call, table, now: () => now });
    expect(await counted(statusList.slice(0, -2))).toBe(64);
    const reserve = createReserveStatus({ call, table, now: () => now, randomInt: () => 0 });
    const audience = policy.audiences['orders-api'];
    if (!audience) throw new Error('no audience');
    const { list, index } = await reserve({ ...audience, alg: 'ES256' });
    expect([list, index >= 64]).toEqual([statusList, true]);
    const [token, ...more] = await createListTokens(call, table)(statusList);
    expect([token?.index, more]).toEqual([7, []]);
    const { revocations: shown } = await createListRevocations({ call, table, now: () => now, hours: 1 })();
    expect(shown.map(({ key }) => key)).toEqual(token?.revocationKeys.map(([key]) => key));
  });

  test('the keyring gets a MAC at the next deployment, with the names it had', async () => {
    const publicJwk = { kty: 'RSA', n: 'n', e: 'AQAB' };
    const key = (kid: string, alg: 'ES256' | 'RS256', keyId: string): SigningKey => ({
      ...{ kid, alg, keyId, state: 'current', publicJwk },
    });
    const first = { keys: [key('token.first', 'ES256', 'arn:key'), key('token.rsa', 'RS256', 'arn:rsa')] };
    await seedKeyring({ call, table, makeMac }, makingOf(first), true);
    const read = createReadKeyring({ call, table, verifyMac, onFault: () => {} });
    expect((await read()).keys.map(({ kid, state }) => [kid, state])).toEqual([
      ['token.first', 'current'],
      ['token.rsa', 'current'],
    ]);
  });
});
