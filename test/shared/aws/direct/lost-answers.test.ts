// Writes whose answers are lost with their connections: they are made again, and are one write.
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFindDecision, createRecordDecision } from '../../../../shared/aws/records/decision-records.ts';
import { decisionRecord } from '../../../../shared/oauth/decision/decision-record.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { clientOf, createTable, directCallOf, engines, type RunningDynamoDb } from '../../../dynamodb-engines.ts';
import { github, now, subjectClaims } from '../../../world.ts';

const table = 'records';
const grant = (decisionId: string, attempt: string) =>
  decisionRecord({
    ...{ decisionId, attempt, at: now, retention: 86_400, policyHash: 'h', rule: 'r', rules: [] },
    ending: { outcome: 'granted' },
    request: { audiences: ['orders-api'], resources: [], scope: undefined },
    subject: { verified: { issuer: github, claims: subjectClaims } },
  });
const engine = engines.find(({ available }) => available) ?? expect.fail('no engine');
let running: RunningDynamoDb;
let relay: Server;
let url: string;
/** Requests that have come so far, and those whose answers are not let through. */
let requests = 0;
let lost: ReadonlySet<number> = new Set();

beforeAll(async () => {
  running = await engine.start();
  await createTable(clientOf(running), {
    TableName: table,
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  relay = createServer((near) => {
    const far = connect(Number(new URL(running.url).port), '127.0.0.1');
    let isLost = false;
    near.on('data', (request) => {
      requests += 1;
      isLost = lost.has(requests);
      far.write(request);
    });
    // The engine has done it when it answers.
    far.on('data', (answer) => (isLost ? near.resetAndDestroy() : near.write(answer)));
    near.on('error', () => {}).on('close', () => far.destroy());
    far.on('error', () => {}).on('close', () => near.destroy());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => relay.once('listening', resolve));
  url = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
});
afterAll(async () => {
  relay.close();
  await running.close();
});

test.each<[string, readonly number[], number]>([
  ['on a new connection', [1], 2],
  ['on a kept one', [2], 3],
  ['on a kept one, then on the new one', [2, 3], 4],
])('a grant whose answer is lost %s is recorded once, and stays its own', async (_where, losing, sent) => {
  const call = directCallOf({ ...running, url });
  const [record, find] = [createRecordDecision(call, table), createFindDecision(call, table)];
  const id = `d-${losing.join('-')}`;
  [requests, lost] = [0, new Set(losing)];
  if (losing[0] !== 1) expect(await find(id)).toBeUndefined();
  await record(grant(id, 'mine'));
  expect(requests).toBe(sent);
  await expect(record(grant(id, 'another'))).rejects.toBeInstanceOf(Refused);
  expect(await find(id)).toMatchObject({ attempt: 'mine', ending: { outcome: 'granted' } });
});
