import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { publicDocument } from '../../../../shared/http/endpoints/public-document.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';

test('a public document may be kept, its failure may not', async () => {
  const get = (make: () => unknown) => publicDocument(make, 300, () => {})({}, {} as Context);
  const found = await get(async () => ({ keys: [] }));
  expect([found.statusCode, found.body]).toEqual([200, '{"keys":[]}']);
  expect(found.headers?.['Cache-Control']).toBe('public, max-age=300, stale-while-revalidate=60');
  const failed = await get(() => {
    throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' });
  });
  expect(failed.headers).toMatchObject({ 'Retry-After': '1', 'Cache-Control': 'no-store' });
  expect([failed.statusCode, JSON.parse(failed.body).error]).toEqual([503, 'temporarily_unavailable']);
});
