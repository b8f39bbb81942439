// The whole stack over the demonstration policy: what it makes of the template, who calls what, and what --data keeps.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startKms } from '../../../infra/local/kms/kms.ts';
import { type LocalStack, startLocalStack as startAlone } from '../../../infra/local/stack.ts';
import { resourcesOfType } from '../../../infra/local/template/stack-template.ts';
import { startLocalStack } from '../../local-stack.ts';
import { isAlive } from './lambda/function-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function exchange(stack: LocalStack): Promise<Response> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await stack.tokenFor('github'),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: 'orders-api',
  });
  return fetch(`${stack.url}/token`, { method: 'POST', body });
}

interface Identity {
  readonly kids: readonly string[];
  readonly table: string | undefined;
}

let withoutData: Identity;

async function identity(stack: LocalStack): Promise<Identity> {
  const { keys } = (await (await fetch(`${stack.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  const [writer] = (await stack.functions()).filter(({ environment }) => environment.RECORDS_TABLE);
  return { kids: keys.map(({ kid }) => kid), table: writer?.environment.RECORDS_TABLE };
}

describe('the stack', () => {
  let stack: LocalStack;
  const temporary = mkdtempSync(join(folder, 'tmp-'));
  beforeAll(async () => {
    vi.stubEnv('TMPDIR', temporary);
    // With a synthesis of its own, as users start it.
    stack = await startAlone({ env: {} });
    vi.unstubAllEnvs();
    withoutData = await identity(stack);
  });
  afterAll(() => stack.close());

  it('gives each function exactly the template’s variables, Lambda’s own and the three endpoints', async () => {
    for (const { logicalId, environment } of await stack.functions()) {
      const { Environment } = stack.template.Resources[logicalId]?.Properties ?? {};
      const declared = Object.keys((Environment as { Variables?: object } | undefined)?.Variables ?? {});
      const own = Object.keys(environment).filter((name) => !/^(AWS_|LAMBDA_|_HANDLER$|LANG$|PATH$|TZ$)/.test(name));
      expect(own.sort()).toEqual(declared.sort());
      expect(environment.ISSUER ?? stack.url).toBe(stack.url);
      expect(environment.API_BASE ?? stack.url).toBe(stack.url);
      expect(environment.AWS_ENDPOINT_URL_KMS).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(environment).toHaveProperty('AWS_ENDPOINT_URL_DYNAMODB');
      expect(environment).toHaveProperty('AWS_ENDPOINT_URL_STS');
    }
  });

  it('lists the routes of the template as its endpoints', () => {
    expect(stack.endpoints).toContain('POST /token');
    expect(stack.endpoints).toContain('GET /.well-known/jwks.json');
    expect(stack.endpoints.some((endpoint) => endpoint.includes('proxy'))).toBe(false);
  });

  it('tells which function’s role made which call', async () => {
    const before = stack.calls.length;
    expect((await exchange(stack)).status).toBe(200);
    // The audit trail reads the table's stream all the time.
    const made = stack.calls.slice(before).filter(({ principal }) => !principal.includes('Audit'));
    expect(new Set(made.map(({ action }) => action))).toContain('kms:Sign');
    const roles = new Set(made.map(({ principal }) => principal));
    expect(roles.size).toBe(1);
    expect([...roles][0]).toMatch(/^arn:aws:iam::111122223333:role\/cambio-local-.*Token/);
  });

  it('measures what CloudWatch would have of the functions, of Lambda and of the API', async () => {
    const from = Date.now();
    expect((await exchange(stack)).status).toBe(200);
    await fetch(`${stack.url}/nowhere`);
    const seen = stack.metrics().filter(({ timestamp }) => timestamp >= from);
    const valuesOf = (namespace: string, name: string, keys: string) =>
      seen
        .filter((one) => one.namespace === namespace && one.name === name)
        .filter(({ dimensions }) => Object.keys(dimensions).join() === keys)
        .map(({ value }) => value);
    expect(valuesOf('AWS/ApiGateway', 'Count', 'ApiName')).toEqual([1, 1]);
    expect(valuesOf('AWS/ApiGateway', '4XXError', 'ApiName,Stage')).toEqual([0, 1]);
    expect(valuesOf('AWS/ApiGateway', '5XXError', 'ApiName')).toEqual([0, 0]);
    expect(valuesOf('AWS/ApiGateway', 'Latency', 'ApiName')[0]).toBeGreaterThan(0);
    expect(valuesOf('AWS/Lambda', 'Errors', 'FunctionName,Resource,ExecutedVersion')).toEqual([0]);
    const [{ dimensions } = expect.fail('no invocation')] = seen.filter(({ dimensions: { Resource } }) =>
      Resource?.endsWith(':live'),
    );
    expect(dimensions.Resource).toBe(`${dimensions.FunctionName}:live`);
  });

  it('serves no _local route that the router would answer, and the router none of _local', async () => {
    const listed = await fetch(`${stack.url}/_local/issuers`);
    expect([listed.status, listed.headers.get('x-amzn-requestid')]).toEqual([200, null]);
    const other = await fetch(`${stack.url}/_localissuers`);
    expect([other.status, other.headers.has('x-amzn-requestid')]).toEqual([404, true]);
  });

  it('leaves at its end no process, no open port and no temporary file', async () => {
    expect((await exchange(stack)).status).toBe(200);
    const pids = (await stack.functions()).flatMap((one) => one.pids);
    expect(pids.length).toBeGreaterThan(0);
    expect(pids.every(isAlive)).toBe(true);
    expect(readdirSync(temporary)).toHaveLength(1);
    await stack.close();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
    await expect(fetch(stack.url)).rejects.toThrow();
  });
});

describe('a stack with --data', () => {
  const data = join(folder, 'data');
  const seen: Identity[] = [];
  let stack: LocalStack;
  /** Notes what it is, and that it works. */
  async function start(): Promise<void> {
    stack = await startLocalStack({ data, env: {} });
    seen.push(await identity(stack));
    expect((await exchange(stack)).status).toBe(200);
  }
  beforeAll(async () => {
    await start();
    await stack.close();
    await start();
  });
  afterAll(() => stack.close());

  it('has the same keys and tables at its next start, unlike one without', () => {
    expect(seen).toHaveLength(2);
    expect(seen[1]).toEqual(seen[0]);
    expect(withoutData.kids).not.toEqual(seen[0]?.kids);
    expect(withoutData.table).not.toBe(seen[0]?.table);
  });

  it('refuses a folder that another stack has, which gives it back when it ends', async () => {
    const inUse = `--data ${data} is in use by the local stack with process id ${process.pid}; stop it`;
    await expect(startLocalStack({ data, env: {} })).rejects.toThrow(inUse);
    expect((await exchange(stack)).status).toBe(200);
    await stack.close();
    expect(readdirSync(data)).not.toContain('lock');
  });

  it('refuses a folder that cannot be one, before anything is started', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(startLocalStack({ data: file, env: {} })).rejects.toThrow(/^--data .*file: /);
    const below = join(folder, 'no', 'such', 'folder');
    await expect(startLocalStack({ data: below, env: {} })).rejects.toThrow(/^--data .*folder: /);
  });
});

describe('a service named by AWS_ENDPOINT_URL_KMS', () => {
  it('is used in place of the embedded one, with the template’s keys made there', async () => {
    const actions: string[] = [];
    const kms = await startKms({
      region: 'eu-west-1',
      accountId: '111122223333',
      principalOf: () => 'arn:aws:iam::111122223333:role/anybody',
      record: ({ action }) => actions.push(action),
    });
    const stack = await startLocalStack({ env: { AWS_ENDPOINT_URL_KMS: kms.url } });
    const keys = resourcesOfType(stack.template, 'AWS::KMS::Key');
    expect(actions.filter((action) => action === 'kms:CreateKey')).toHaveLength(keys.length);
    expect((await exchange(stack)).status).toBe(200);
    expect(actions).toContain('kms:Sign');
    expect(stack.calls.filter(({ service }) => service === 'kms')).toEqual([]);
    await stack.close();
    await kms.close();
  });

  it('that does not answer stops the start in one clear line', async () => {
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    const data = join(folder, 'given-back');
    vi.stubEnv('TMPDIR', temporary);
    const start = startLocalStack({ data, env: { AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:9' } });
    await expect(start).rejects.toThrow(/^cannot make the template's resources in KMS at http:\/\/127\.0\.0\.1:9: .+/);
    vi.unstubAllEnvs();
    // What was opened before is closed: neither the synthesis' folder nor the lock is left.
    expect([readdirSync(temporary), readdirSync(data).includes('lock')]).toEqual([[], false]);
  });
});
