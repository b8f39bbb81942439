// One-time uses on every DynamoDB there is: one winner, identical requests together, nothing burnt by a failure.
import { hash } from 'node:crypto';
import { expect } from 'vitest';
import type { AttributeValue, CallDynamoDb } from '../../../../shared/aws/dynamodb.ts';
import { createRelease, createTakeUse } from '../../../../shared/aws/records/single-uses.ts';
import type { Taking } from '../../../../shared/oauth/verify/single-use.ts';
import { onEveryEngine, table } from '../on-every-engine.ts';

let names = 0;
const fresh = () => {
  names += 1;
  return { issuer: 'https://issuer.example', jti: `jti-${names}`, expiresAt: 1_060 };
};
const purpose = (request: string, jti: string, at = 1_000) => ({ request, jti, at });

onEveryEngine((store, on) => {
  const taker = (now: number) => createTakeUse({ call: store(), table, now: () => now });
  const outcomes = async (takings: readonly Taking[], now = 1_000): Promise<readonly string[]> =>
    (await Promise.all(takings.map(taker(now)))).map(({ outcome }) => outcome);
  const release = (taking: Taking) => createRelease({ call: store(), table })(taking);
  let attempts = 0;
  const attempt = () => {
    attempts += 1;
    return `attempt-${attempts}`;
  };

  on('of 50 uses at once that may not be repeated one wins; the same jti of another issuer is another', async () => {
    const use = fresh();
    const all = await outcomes(Array.from({ length: 50 }, () => ({ use, attempt: attempt() })));
    expect([all.filter((one) => one === 'first').length, all.filter((one) => one === 'used').length]).toEqual([1, 49]);
    const others = [
      { ...use, issuer: 'https://other.example' },
      { ...use, jti: 'other' },
      { ...use, issuer: `${use.issuer}j`, jti: use.jti.slice(1) },
    ];
    expect(await outcomes(others.map((other) => ({ use: other, attempt: attempt() })))).toEqual(
      others.map(() => 'first'),
    );
  });

  on(
    'of 50 identical requests at once all are for the token of the first, and different ones get nothing',
    async () => {
      const use = fresh();
      const takings = Array.from({ length: 50 }, (_, n) => ({
        use,
        attempt: attempt(),
        purpose: purpose('same', `j${n}`),
      }));
      const all = await Promise.all(takings.map(taker(1_010)));
      const winner = takings.find((_, n) => all[n]?.outcome === 'first');
      expect(all.filter(({ outcome }) => outcome === 'first')).toHaveLength(1);
      for (const taken of all.filter(({ outcome }) => outcome !== 'first'))
        expect(taken).toEqual({ outcome: 'again', purpose: winner?.purpose });
      expect(await outcomes([{ use, attempt: attempt(), purpose: purpose('different', 'x') }])).toEqual(['used']);
      expect(await outcomes([{ use, attempt: attempt() }])).toEqual(['used']);
    },
  );

  on(
    'the identical request learns who asserted the client of the first, and where nobody was kept names its own',
    async () => {
      const [kept, old] = [fresh(), fresh()];
      const asserted = (run: string) => ({ iss: 'eks', iat: 940, sub: 'eks|pod', run });
      const taking = (use: typeof kept, one?: ReturnType<typeof asserted>) => ({
        ...{ use, attempt: attempt(), purpose: { ...purpose('same', 'j'), asserted: one } },
      });
      const take = taker(1_000);
      expect(await take(taking(kept, asserted('7')))).toEqual({ outcome: 'first' });
      expect(await take(taking(kept, asserted('8')))).toMatchObject({ purpose: { asserted: asserted('7') } });
      expect(await take(taking(old))).toEqual({ outcome: 'first' });
      expect(await take(taking(old, asserted('8')))).toMatchObject({ purpose: { asserted: asserted('8') } });
    },
  );

  on('the identical request gets the place in a Status List of the first, and none where that had none', async () => {
    const statusOf = async (first: { list: string; index: number } | undefined) => {
      const use = fresh();
      const taking = (status: typeof first) => ({
        use,
        attempt: attempt(),
        purpose: { ...purpose('same', 'j'), status },
      });
      await taker(1_000)(taking(first));
      const again = await taker(1_000)(taking({ list: 'es256-a-0', index: 9 }));
      return 'purpose' in again ? again.purpose.status : again.outcome;
    };
    expect(await statusOf({ list: 'es256-a-0', index: 0 })).toEqual({ list: 'es256-a-0', index: 0 });
    expect(await statusOf(undefined)).toBeUndefined();
  });

  on('the identical request may come again for 30 seconds after the first, not later', async () => {
    const use = fresh();
    const again = (now: number) => outcomes([{ use, attempt: attempt(), purpose: purpose('same', 'j', now) }], now);
    expect(await again(1_000)).toEqual(['first']);
    expect(await again(1_030)).toEqual(['again']);
    expect(await again(1_031)).toEqual(['used']);
  });

  on('a use that expired but is still there can be made again', async () => {
    const use = fresh();
    expect(await outcomes([{ use, attempt: attempt() }])).toEqual(['first']);
    expect(await outcomes([{ use, attempt: attempt() }], 1_060)).toEqual(['used']);
    expect(await outcomes([{ use, attempt: attempt() }], 1_061)).toEqual(['first']);
  });

  on('a second try of the same write is still the first', async () => {
    const taking = { use: fresh(), attempt: attempt() };
    expect([await outcomes([taking]), await outcomes([taking])]).toEqual([['first'], ['first']]);
  });

  on('a use is free again once every holder gave it back, and not before', async () => {
    const use = fresh();
    const [first, second] = ['j1', 'j2'].map((jti) => ({ use, attempt: attempt(), purpose: purpose('same', jti) }));
    if (!first || !second) return expect.fail();
    expect([await outcomes([first]), await outcomes([second])]).toEqual([['first'], ['again']]);
    await release(first);
    expect(await outcomes([{ use, attempt: attempt(), purpose: purpose('different', 'x') }])).toEqual(['used']);
    await release(second);
    expect(await outcomes([{ use, attempt: attempt(), purpose: purpose('different', 'x') }])).toEqual(['first']);
  });

  on(
    'an item of the former form, whose hash was of the whole policy, stays a use, and is free once given back',
    async () => {
      const use = fresh();
      const key = hash('sha256', JSON.stringify([use.issuer, use.jti]), 'hex');
      const former = { use, attempt: attempt(), purpose: purpose('hash of parameters, client and policy', 'j') };
      await store()('PutItem', {
        TableName: table,
        Item: {
          pk: { S: `#used#${key}` },
          expiresAt: { N: '1060' },
          attempt: { S: former.attempt },
          holders: { SS: [former.attempt] },
          requestHash: { S: former.purpose.request },
          jti: { S: 'j' },
          at: { N: '1000' },
        },
      });
      const identical = () => ({
        use,
        attempt: attempt(),
        purpose: purpose('hash of parameters, client and grant', 'j'),
      });
      expect(await outcomes([identical(), { use, attempt: attempt() }])).toEqual(['used', 'used']);
      const again = { ...former, attempt: attempt() };
      expect(await taker(1_000)(again)).toEqual({ outcome: 'again', purpose: former.purpose });
      for (const taking of [former, again]) await release(taking);
      expect(await outcomes([identical()])).toEqual(['first']);
    },
  );

  on('written or given back twice by the SDK, it is as once: what another was answered for stays taken', async () => {
    const use = fresh();
    const [first, second] = ['j1', 'j2'].map((jti) => ({ use, attempt: attempt(), purpose: purpose('same', jti) }));
    if (!first || !second) return expect.fail();
    expect([await outcomes([first]), await outcomes([second])]).toEqual([['first'], ['again']]);
    expect([await outcomes([second]), await outcomes([first])]).toEqual([['again'], ['first']]);
    for (const _ of [1, 2]) await release(first);
    const different = { use, attempt: attempt(), purpose: purpose('different', 'x') };
    expect(await outcomes([different])).toEqual(['used']);
    await release(second);
    expect(await outcomes([different])).toEqual(['first']);
  });

  on('a write that arrived though its answer was lost is taken back, the first one’s and another’s', async () => {
    /** Loses the answer to its write number `lost`, and no other. */
    const losing = (lost: number) => {
      let writes = 0;
      const call: CallDynamoDb = async (operation, input) => {
        writes += 1;
        const answer = await store()(operation, input);
        if (writes === lost) throw new Error('no answer');
        return answer;
      };
      return createTakeUse({ call, table, now: () => 1_000 });
    };
    const unavailable = { denial: { kind: 'unavailable', dependency: 'dynamodb' } };
    const use = fresh();
    const taking = () => ({ use, attempt: attempt(), purpose: purpose('same', 'j') });
    await expect(losing(1)(taking())).rejects.toMatchObject(unavailable);
    const first = taking();
    expect(await outcomes([first])).toEqual(['first']);
    await expect(losing(2)(taking())).rejects.toMatchObject(unavailable);
    await release(first);
    expect(await outcomes([{ use, attempt: attempt() }])).toEqual(['first']);
  });

  on('of identical requests at most 200 hold it at once', async () => {
    const use = fresh();
    const taking = () => ({ use, attempt: attempt(), purpose: purpose('same', 'j') });
    let pk: AttributeValue = {};
    const seen: CallDynamoDb = (operation, input) => {
      if ('Item' in input) pk = input.Item['pk'] ?? {};
      return store()(operation, input);
    };
    const { outcome } = await createTakeUse({ call: seen, table, now: () => 1_000 })(taking());
    expect(outcome).toBe('first');
    await store()('UpdateItem', {
      TableName: table,
      Key: { pk },
      UpdateExpression: 'ADD holders :others',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':others': { SS: Array.from({ length: 198 }, attempt) } },
    });
    expect([await outcomes([taking()]), await outcomes([taking()])]).toEqual([['again'], ['used']]);
  });

  on('giving back what nobody holds frees nothing and makes nothing', async () => {
    const use = fresh();
    await release({ use, attempt: 'a' });
    expect(await outcomes([{ use, attempt: attempt() }])).toEqual(['first']);
  });

  on('a table that does not exist is unavailable, and giving back then is let be', async () => {
    const at = { call: store(), table: 'none', now: () => 1_000 };
    await expect(createTakeUse(at)({ use: fresh(), attempt: 'a' })).rejects.toMatchObject({
      denial: { kind: 'unavailable', dependency: 'dynamodb' },
    });
    await expect(createRelease(at)({ use: fresh(), attempt: 'a' })).resolves.toBeUndefined();
  });
});
