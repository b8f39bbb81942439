// What the document itself has to hold, and that the check of answers can fail. test/infra/api/api.test.ts compares it with the template.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../../../infra/release/openapi/document.ts';
import { undocumented } from '../../../documented.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../package.json'), 'utf8'));
const document = openApiDocument(version);
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

describe('openapi.json', () => {
  test('names every operation once, and refers to schemas there are', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const referred = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining([...new Set(referred)]));
    expect(document).toMatchObject({ openapi: '3.1.1', info: { version } });
  });
});

describe('an answer', () => {
  const token = { access_token: 'x', issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' };
  const granted = { ...token, token_type: 'Bearer', expires_in: 300 };
  const answered = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    undocumented(
      'post',
      '/token',
      new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } }),
    );

  test('as documented is found so, and one with another status, type, header, member or code is not', async () => {
    const refused = { error: 'invalid_target', error_description: 'x' };
    expect(await answered(200, granted)).toBeUndefined();
    expect(await answered(400, refused)).toBeUndefined();
    expect(
      await answered(503, { ...refused, error: 'temporarily_unavailable' }, { 'retry-after': '1' }),
    ).toBeUndefined();
    const throttled = { ...refused, error: 'slow_down' };
    const ofQuota = { 'ratelimit-policy': '"client";q=1;w=60', ratelimit: '"client";r=0;t=7' };
    expect(await answered(429, throttled, { 'retry-after': '7', ...ofQuota })).toBeUndefined();
    expect(await answered(429, throttled, { 'retry-after': '1' })).toBeUndefined();
    expect(await answered(429, throttled, ofQuota)).toBe('Retry-After is missing');
    expect(await answered(201, granted)).toBe('no such status');
    expect(await answered(200, granted, { 'content-type': 'text/html' })).toBe('text/html is no type of it');
    expect(await answered(503, { ...refused, error: 'temporarily_unavailable' })).toBe('Retry-After is missing');
    expect(await answered(200, { ...granted, refresh_token: 'x' })).toContain('refresh_token');
    expect(await answered(200, { ...granted, expires_in: 0.5 })).toContain('expires_in');
    expect(await answered(400, { ...refused, error: 'access_denied' })).toContain('error');
    expect(await answered(400, { ...refused, error_description: `cambio ${version}` })).toBe('the version is in it');
    expect(await answered(400, refused, { server: `cambio/${version}` })).toBe('the version is in it');
    const traced = { traceresponse: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    expect([await answered(200, granted, traced), await answered(400, refused, traced)]).toEqual([
      undefined,
      undefined,
    ]);
    expect(await answered(200, granted, { traceresponse: 'x' })).toBe('traceresponse is x');
    expect(await undocumented('put', '/token', new Response('', { status: 200 }))).toBe('no such operation');
    expect(await undocumented('put', '/token', new Response('', { status: 405 }))).toBeUndefined();
    expect(await undocumented('get', '/nowhere', new Response('', { status: 200 }))).toBe('no such operation');
  });
});
