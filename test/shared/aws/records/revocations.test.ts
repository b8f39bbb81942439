// Revocations on every DynamoDB there is, and what is left unread by a store that is busy.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { CallDynamoDb } from '../../../../shared/aws/dynamodb.ts';
import { createFindHolds } from '../../../../shared/aws/records/holds.ts';
import { createRecordRevocation, revocationKey } from '../../../../shared/aws/records/revocations.ts';
import type { RevocableBy, RevocationRecord } from '../../../../shared/oauth/revocation/revocation.ts';
import { directCallOf } from '../../../dynamodb-engines.ts';
import { onEveryEngine, table } from '../on-every-engine.ts';

const revocation: RevocationRecord = {
  by: 'subject',
  value: 'github|repo:acme/api',
  issuedBefore: 1_000,
  expiresAt: 9_000,
  reason: 'lost laptop',
  at: 1_000,
  principal: 'arn:aws:iam::111122223333:role/on-call',
  listed: false,
};
const description = (value: string, by: RevocationRecord['by'] = 'subject') => ({ by, value, issuedAt: 1 });

onEveryEngine((store, on) => {
  const record = (changes: Partial<RevocationRecord>) =>
    createRecordRevocation(store(), table)({ ...revocation, ...changes });
  const find = (parts: readonly RevocableBy[]) => finder(store())(parts);

  on('a revocation is found by what it names, and by nothing else', async () => {
    await record({});
    const { by, value, issuedBefore, expiresAt } = revocation;
    expect(await find([description(value), description('other')])).toEqual([{ by, value, issuedBefore, expiresAt }]);
    expect(await find([description(value, 'client'), description('other')])).toEqual([]);
    expect(await find([])).toEqual([]);
  });

  on('one that keeps a hash of what it names is found by that all the same, and does not hold it', async () => {
    const value = 'mail|canary@acme.example';
    await record({ value, kept: 'sha256:0123' });
    expect(await find([description(value)])).toMatchObject([{ by: 'subject', value, issuedBefore: 1_000 }]);
    expect(await find([description('sha256:0123')])).toEqual([]);
    expect(JSON.stringify(await read(store(), value))).not.toContain('canary');
    await record({ value: 'mail|open@acme.example' });
    expect(JSON.stringify(await read(store(), 'mail|open@acme.example'))).toContain('open@acme.example');
  });

  on(
    'of two for the same thing the one that hits more stays, in either order, and once more changes nothing',
    async () => {
      for (const [value, order] of [
        ['up', [500, 900, 900]],
        ['down', [900, 500, 900]],
      ] as const) {
        for (const issuedBefore of order) await record({ value, issuedBefore });
        expect(await find([description(value)])).toMatchObject([{ issuedBefore: 900 }]);
      }
    },
  );

  on(
    'an earlier one is enough that hits the token and all that was made of it until then, while it holds',
    async () => {
      const principal = async (value: string) => (await read(store(), value))['principal']?.S;
      const again = { issuedBefore: 1_500, at: 1_500, expiresAt: 9_500, principal: 'ci', sufficient: 900 };
      const earlier = async (value: string, changes: Partial<RevocationRecord>) => {
        await record({ value, principal: 'on-call', ...changes });
        await record({ value, ...again });
        return principal(value);
      };
      expect(await earlier('enough', {})).toBe('on-call');
      expect(await earlier('just', { issuedBefore: 900, at: 900 })).toBe('on-call');
      expect(await earlier('before-the-token', { issuedBefore: 899, at: 899 })).toBe('ci');
      expect(await earlier('before-itself', { issuedBefore: 999 })).toBe('ci');
      expect(await earlier('expired', { expiresAt: 1_500 })).toBe('ci');
      expect(await earlier('more', { issuedBefore: 1_501, at: 1_600 })).toBe('on-call');
      await record({ value: 'first', ...again });
      expect(await principal('first')).toBe('ci');
      await record({ value: 'first', ...again, at: 1_600, issuedBefore: 1_600, principal: 'ci again' });
      expect(await principal('first')).toBe('ci');
    },
  );

  on('one that expired but is still there gives way to a new one, whatever that one hits', async () => {
    await record({ value: 'old', issuedBefore: 900, expiresAt: 1_000, at: 900 });
    await record({ value: 'old', issuedBefore: 100, expiresAt: 5_000, at: 1_001 });
    expect(await find([description('old')])).toMatchObject([{ issuedBefore: 100, expiresAt: 5_000 }]);
  });

  on('made again, it holds as long as the later one; from the second it expires another takes its place', async () => {
    for (const expiresAt of [5_000, 9_000, 7_000]) await record({ value: 'again', issuedBefore: 900, expiresAt });
    expect(await find([description('again')])).toMatchObject([{ issuedBefore: 900, expiresAt: 9_000 }]);
    await record({ value: 'again', issuedBefore: 100, expiresAt: 8_999, at: 8_999 });
    expect(await find([description('again')])).toMatchObject([{ issuedBefore: 900 }]);
    await record({ value: 'again', issuedBefore: 100, expiresAt: 8_999, at: 9_000 });
    expect(await find([description('again')])).toMatchObject([{ issuedBefore: 100 }]);
  });

  on('more descriptions than one read takes are all looked up', async () => {
    const values = Array.from({ length: 120 }, (_, n) => `many-${n}`);
    await record({ value: 'many-0' });
    await record({ value: 'many-119' });
    const found = await find(values.map((value) => description(value)));
    expect(found.map(({ value }) => value).sort()).toEqual(['many-0', 'many-119']);
  });

  on('a table that does not exist is unavailable, never an answer', async () => {
    const gone = finder(store(), 'none');
    await expect(gone([description('x')])).rejects.toMatchObject({ denial: { dependency: 'dynamodb' } });
    await expect(createRecordRevocation(store(), 'none')(revocation)).rejects.toMatchObject({
      denial: { dependency: 'dynamodb' },
    });
  });
});

async function read(call: CallDynamoDb, value: string) {
  const pk = { S: revocationKey({ by: 'subject', value }) };
  return (await call('GetItem', { TableName: table, Key: { pk }, ConsistentRead: true })).Item ?? {};
}

function finder(call: CallDynamoDb, name = table) {
  const find = createFindHolds(call, name, () => 0);
  return async (parts: readonly RevocableBy[]) => (await find({ parts, names: [] })).revocations;
}

describe('a store that leaves keys unread', () => {
  const unread = (times: number) => async (work: (find: ReturnType<typeof finder>) => Promise<void>) => {
    let requests = 0;
    const server = createServer((request, response) => {
      void buffer(request).then((body) => {
        requests += 1;
        const asked = JSON.parse(body.toString()).RequestItems[table];
        const item = { by: { S: 'jti' }, value: { S: 'a' }, issuedBefore: { N: '5' }, expiresAt: { N: '9' } };
        const answer =
          requests <= times
            ? { Responses: { [table]: [] }, UnprocessedKeys: { [table]: asked } }
            : { Responses: { [table]: [item] }, UnprocessedKeys: {} };
        response.setHeader('content-type', 'application/x-amz-json-1.0').end(JSON.stringify(answer));
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await work(finder(directCallOf({ url })));
    server.close();
    server.closeAllConnections();
  };

  test('is asked again, and then answers', () =>
    unread(3)(async (find) => {
      expect(await find([description('a', 'jti')])).toEqual([{ by: 'jti', value: 'a', issuedBefore: 5, expiresAt: 9 }]);
    }));

  test('for good is unavailable, never "not revoked"', () =>
    unread(4)(async (find) => {
      await expect(find([description('a', 'jti')])).rejects.toMatchObject({
        denial: { kind: 'unavailable', dependency: 'dynamodb' },
      });
    }));
});
