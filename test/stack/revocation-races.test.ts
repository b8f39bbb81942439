// Races on the running stack, on both embedded DynamoDBs: parallel replay, revocation while tokens are exchanged, and what is
// there but has expired. How soon a revocation is noticed is measured here, between different functions.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ListTablesCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { revokedKey } from '../../shared/aws/records/record-keys.ts';
import { clientOf, engines, type RunningDynamoDb } from '../dynamodb-engines.ts';
import { type Answer, basic, decode, ending } from '../rfc/served.ts';
import { hopTo, type Lifecycle, startLifecycle } from './lifecycle.ts';

const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** A machine that is too slow for 50 at once answers some 503, which leaves the token unused and says to ask again. */
async function answered(ask: () => Promise<Answer>): Promise<Answer> {
  const answer = await ask();
  if (ending(answer) !== '503 temporarily_unavailable') return answer;
  await delay(100);
  return answered(ask);
}

const embedded = (['dynoxide', 'dynalite'] as const).flatMap((name) =>
  engines.flatMap((engine) => (engine.name === name && engine.available ? [{ ...engine, name }] : [])),
);

describe.each(embedded)('on $name', ({ name: engine, start, supportsTtl }) => {
  /** Outside the stack, where an item can be changed; only an engine that has the whole API can be. */
  let dynamodb: RunningDynamoDb | undefined;
  let at: Lifecycle;
  beforeAll(async () => {
    dynamodb = supportsTtl ? await start() : undefined;
    at = await startLifecycle({ ...(dynamodb ? { dynamodb: dynamodb.url } : { engine }), environments: 2 });
  });
  afterAll(async () => {
    await at?.close();
    await dynamodb?.close();
  });

  const once = (): Promise<string> => at.stack.tokenFor('once');

  test('of 50 parallel requests with one token that differ, one is granted', async () => {
    const subject = await once();
    const answers = await Promise.all(
      times(50, (n) => answered(() => at.exchange(subject, { unknown: `request ${n}` }))),
    );
    const endings = answers.map(ending).sort();
    expect(endings).toEqual(['200', ...times(49, () => '400 invalid_request')]);
  });

  test('of 50 identical ones every 200 carries the same claims, and nobody else uses the token afterwards', async () => {
    const subject = await once();
    const answers = await Promise.all(times(50, () => at.exchange(subject)));
    const granted = answers.filter(({ status }) => status === 200);
    const claims = granted.map(({ body }) => JSON.stringify(decode(body['access_token']).claims));
    // A machine that is too slow for 50 at once answers some 503, and nothing else.
    const rest = answers.map(ending).filter((one) => one !== '200');
    expect(rest.filter((one) => one !== '503 temporarily_unavailable')).toEqual([]);
    expect(new Set(claims).size).toBe(1);
    expect(ending(await at.exchange(subject, { scope: 'read' }))).toBe('400 invalid_request');
  });

  test('a lost response costs nothing: the same again is the same token, of a reference a new handle alone alive', async () => {
    const subject = await once();
    const [first, second] = [await at.token(subject), await at.token(subject)];
    expect(decode(second).claims).toEqual(decode(first).claims);
    const other = await once();
    const handles = [
      await at.token(other, { audience: 'opaque-api' }),
      await at.token(other, { audience: 'opaque-api' }),
    ];
    expect(await Promise.all(handles.map((handle) => at.active(handle)))).toEqual([false, true]);
  });

  test('no token survives a revocation that was answered before its exchange began, nor any whose parent was revoked', async () => {
    for (let round = 0; round < 5; round += 1) {
      const parent = await at.token(await at.stack.tokenFor('github'));
      const hop = () => at.exchange(parent, hopTo('payments-api'), basic('orders'));
      const before = times(6, hop);
      const revocation = at.revokeBy('jti', String(decode(parent).claims['jti']));
      const during = times(6, hop);
      expect(ending(await revocation)).toBe('200');
      const after = await Promise.all(times(4, hop));
      expect(after.map(ending)).toEqual(times(4, () => '400 invalid_request'));
      const granted = (await Promise.all([...before, ...during])).filter(({ status }) => status === 200);
      const states = granted.map(({ body }) => at.active(String(body['access_token']), 'payments'));
      expect(await Promise.all(states)).toEqual(granted.map(() => false));
    }
  });

  test('revoking twice, and many times at once, is revoking', async () => {
    const parent = await at.token(await at.stack.tokenFor('github'));
    const child = await at.token(parent, hopTo('payments-api'), basic('orders'));
    const answers = await Promise.all(times(20, () => at.post('/revoke', { token: child }, basic('orders'))));
    expect(answers.map(ending)).toEqual(times(20, () => '200'));
    expect([await at.active(child, 'payments'), await at.active(parent)]).toEqual([false, true]);
  });

  test('a revocation is noticed at the next request, by another function', async () => {
    const waits: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const token = await at.token(await at.stack.tokenFor('github', { run_id: `9000${round}` }));
      expect(await at.active(token)).toBe(true);
      await at.revokeBy('run', `github|9000${round}`);
      const answered = performance.now();
      expect(await at.active(token)).toBe(false);
      waits.push(performance.now() - answered);
    }
    process.stdout.write(
      `revoke → inactive on ${engine}: ${Math.max(...waits).toFixed(0)} ms at most, one request each\n`,
    );
  });

  test.skipIf(!supportsTtl)('a revocation that has expired but is still there hits nothing', async () => {
    const token = await at.token(await at.stack.tokenFor('github', { run_id: '91000' }));
    const id = await at.revokeBy('run', 'github|91000');
    expect([ending(id), await at.active(token)]).toEqual(['200', false]);
    await expire('run', 'github|91000');
    expect(await at.active(token)).toBe(true);
  });

  /** As if its time had come, and DynamoDB had not deleted it yet. */
  async function expire(by: string, value: string): Promise<void> {
    const client = clientOf(dynamodb ?? expect.fail());
    const { TableNames: [TableName] = [] } = await client.send(new ListTablesCommand({}));
    const hash = createHash('sha256').update(value).digest('hex');
    await client.send(
      new UpdateItemCommand({
        TableName,
        Key: { pk: { S: revokedKey(by, hash) } },
        UpdateExpression: 'SET expiresAt = :past',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':past': { N: String(Math.floor(Date.now() / 1_000) - 1) } },
      }),
    );
  }
});
