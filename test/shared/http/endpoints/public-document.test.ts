import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { publicDocument } from '../../../../shared/http/endpoints/public-document.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { PublicDocument } from '../../../../shared/oauth/public-documents.ts';

test('a public document may be kept, its failure may not', async () => {
  const get = (make: () => PublicDocument) => publicDocument(make, () => {})({}, {} as Context);
  const found = await get(() => ({ path: '/keys', body: '{"keys":[]}' }));
  expect([found.statusCode, found.body]).toEqual([200, '{"keys":[]}']);
  expect(found.headers?.['Cache-Control']).toBe('public, max-age=300, stale-while-revalidate=60');
  expect(found.headers).toMatchObject({ 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' });
  const failed = await get(() => {
    throw new Refused({ kind: 'unavailable', dependency: 'dynamodb' });
  });
  expect(failed.headers).toMatchObject({ 'Retry-After': '1', 'Cache-Control': 'no-store' });
  expect([failed.statusCode, JSON.parse(failed.body).error]).toEqual([503, 'temporarily_unavailable']);
});
