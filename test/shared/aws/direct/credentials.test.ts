// A role's keys: from the environment, else from the container provider, asked again before they end and by one for all.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCredentials } from '../../../../shared/aws/direct/credentials.ts';

const minute = 60_000;
const start = Date.parse('2030-01-01T00:00:00Z');
let time = start;
const clock = () => time;

const folder = mkdtempSync(join(tmpdir(), 'cambio-credentials-'));
let authorizations: (string | undefined)[] = [];
let answer: () => { status?: number; body: unknown };
const keys = (n: number, minutes: number) => ({
  ...{ AccessKeyId: `AKID${n}`, SecretAccessKey: 'secret', Token: 'token', RoleArn: 'arn' },
  Expiration: new Date(start + minutes * minute).toISOString(),
});
const server = createServer((request, response) => {
  authorizations.push(request.headers.authorization);
  const { status = 200, body } = answer();
  response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
});
let provider: string;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  provider = `http://127.0.0.1:${(server.address() as AddressInfo).port}/role`;
});
beforeEach(() => {
  [time, authorizations] = [start, []];
  answer = () => ({ body: keys(authorizations.length, 60) });
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const container = (more = {}) => createCredentials({ AWS_CONTAINER_CREDENTIALS_FULL_URI: provider, ...more }, clock);

describe('the environment', () => {
  const own = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'session' };

  test('comes first, and has no other keys', async () => {
    const { find, renew } = container(own);
    expect(await find()).toEqual({ accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'session' });
    expect([renew(), authorizations]).toEqual([false, []]);
  });

  test('without keys fails the call that needs them', async () => {
    await expect(createCredentials({}, clock).find()).rejects.toThrow('no AWS keys');
    await expect(createCredentials({ ...own, AWS_SECRET_ACCESS_KEY: '' }, clock).find()).rejects.toThrow('no AWS keys');
  });

  test('cannot begin a header of its own', async () => {
    const broken = createCredentials({ ...own, AWS_SESSION_TOKEN: 'x\r\nx-evil: y' }, clock);
    await expect(broken.find()).rejects.toThrow('characters that no key has');
  });
});

describe('the container provider', () => {
  test('is asked once for all who wait, and again within five minutes of the end', async () => {
    const { find, renew } = container();
    const ids = async () => (await Promise.all([find(), find()])).map(({ accessKeyId }) => accessKeyId);
    expect(await ids()).toEqual(['AKID1', 'AKID1']);
    time = start + 54 * minute;
    expect(await ids()).toEqual(['AKID1', 'AKID1']);
    time = start + 56 * minute;
    answer = () => ({ body: keys(authorizations.length, 120) });
    expect(await ids()).toEqual(['AKID2', 'AKID2']);
    expect([renew(), await ids()]).toEqual([true, ['AKID3', 'AKID3']]);
  });

  test('that fails before the end leaves the keys there are, and after it none', async () => {
    const { find } = container();
    await find();
    answer = () => ({ status: 500, body: '' });
    time = start + 56 * minute;
    expect(await find()).toMatchObject({ accessKeyId: 'AKID1' });
    time = start + 60 * minute;
    await expect(find()).rejects.toThrow('status 500');
    answer = () => ({ body: keys(9, 120) });
    expect(await find()).toMatchObject({ accessKeyId: 'AKID9' });
  });

  test('is shown its token: the file’s, as it is now, before the variable’s', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, 'first\n');
    const { find, renew } = container({
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'x',
    });
    await find();
    writeFileSync(file, 'second\n');
    renew();
    await find();
    await container({ AWS_CONTAINER_AUTHORIZATION_TOKEN: 'variable' }).find();
    await container().find();
    expect(authorizations).toEqual(['first', 'second', 'variable', undefined]);
  });

  test.each<[string, unknown]>([
    ['no JSON', 'what'],
    ['no keys', {}],
    ['nothing', 'null'],
    ['keys without an end', { ...keys(1, 60), Expiration: undefined }],
    ['keys without a token', { ...keys(1, 60), Token: undefined }],
    ['a secret of two lines', { ...keys(1, 60), Token: 'a\nb' }],
    ['more than keys can be', { ...keys(1, 60), more: 'x'.repeat(70_000) }],
  ])('that answers %s fails the call', async (_what, body) => {
    const { find } = container();
    answer = () => ({ body });
    await expect(find()).rejects.toThrow();
    answer = () => ({ body: keys(1, 60) });
    expect(await find()).toEqual({
      accessKeyId: 'AKID1',
      secretAccessKey: 'secret',
      sessionToken: 'token',
      expiresAt: start + 60 * minute,
    });
  });

  test('is on this host or https; in the clear from another host it is refused', () => {
    const at = (url: string) => () => createCredentials({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url }, clock);
    for (const url of [
      'http://169.254.170.23/v1',
      'http://[fd00:ec2::23]/v1',
      'http://localhost:9001/x',
      'https://x.example/',
    ])
      expect(at(url)).not.toThrow();
    for (const url of [
      'http://x.example/',
      'http://169.254.169.254/',
      'http://127.0.0.1.x.example/',
      'ftp://localhost/',
    ])
      expect(at(url)).toThrow('must be https, or on this host');
  });
});
