// `cambio` as people run it, a process with a shell around it, against the running local stack.
import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalStack } from '../../../infra/local/stack.ts';
import { compiledOnce } from '../../compiled-once.ts';
import { demonstrationStack } from './stack.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-commands-'));
const program = join(import.meta.dirname, '../../../cli/cambio.mjs');
let stack: LocalStack;
let token: string;
beforeAll(async () => {
  stack = await demonstrationStack();
  token = await stack.tokenFor('github');
  writeFileSync(join(folder, 'token'), `${token}\n`);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
});

interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line of sh; `cambio` is the command. Nothing is piped in but what the line pipes. */
function sh(line: string, environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const script = `cambio() { "${process.execPath}" "${program}" "$@"; }\n${line}`;
  const env = { ...compiledOnce, PATH: process.env['PATH'], CAMBIO_URL: stack.url, ...environment };
  return new Promise((resolve) => {
    const child = execFile('sh', ['-c', script], { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ exit: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

const claimsOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());

describe('cambio exchange', () => {
  test.each([
    ['a file', 'cambio exchange --audience orders-api --token-file token'],
    ['a variable', 'cambio exchange --audience orders-api --token-env TOKEN'],
    ['a pipe', 'cat token | cambio exchange --audience orders-api'],
    ['a redirection', 'cambio exchange --audience orders-api < token'],
    ['where CI leaves it', 'CAMBIO_ID_TOKEN=$TOKEN cambio exchange --audience orders-api'],
  ])('takes the token from %s', async (_what, line) => {
    const { exit, stdout, stderr } = await sh(line, { TOKEN: token });
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(claimsOf(stdout)).toMatchObject({ iss: stack.url, aud: 'https://orders.acme.example' });
  });

  test('narrows to the scope that is asked for', async () => {
    const line = 'cambio exchange --resource https://orders.acme.example --scope orders:read --json --token-file token';
    const { stdout } = await sh(line);
    expect(JSON.parse(stdout)).toMatchObject({ token_type: 'Bearer', scope: 'orders:read' });
  });

  test('is refused with exit 1, and the decision leads to the condition', async () => {
    const other = await stack.tokenFor('github', { ref: 'refs/heads/other' });
    const { exit, stdout, stderr } = await sh('cambio exchange --audience orders-api --token-env T', { T: other });
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' });
    expect(stderr).toContain('cambio: refused: invalid_target (400)');
    expect(stderr).not.toContain(other.split('.')[1]);
    const [id] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(stderr) ?? [];
    const why = await sh(`cambio why ${id}`);
    expect(why.stdout).toContain('✗ ref: wanted "refs/heads/main", got "refs/heads/other"');
  });

  test('with the wrong secret says which authentication is wanted', async () => {
    const line = 'cambio exchange --audience orders-api --token-file token --client-id x --client-secret-env S';
    const { exit, stderr } = await sh(line, { S: 'wrong' });
    expect(exit).toBe(1);
    expect(stderr).toContain('refused: invalid_client (401)');
    expect(stderr).toContain('wanted:   Basic');
    expect(stderr).not.toContain('wrong');
  });

  test('does not wait for a program that started it and leaves stdin open', async () => {
    const env = { ...compiledOnce, PATH: process.env['PATH'], CAMBIO_URL: stack.url, CAMBIO_ID_TOKEN: token };
    const child = spawn(process.execPath, [program, 'exchange', '--audience', 'orders-api'], { env, stdio: 'pipe' });
    const exit = await new Promise((resolve) => child.on('close', resolve));
    child.stdin.end();
    expect(exit).toBe(0);
  });
});

test('cambio binds a token to a key, and with that key alone it is exchanged on, and stays bound', async () => {
  for (const name of ['key.pem', 'other.pem']) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(folder, name), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  writeFileSync(join(folder, 'orders-pod'), await stack.tokenFor('eks', { sub: 'system:serviceaccount:shop:orders' }));
  const bound = await sh('cambio exchange --audience orders-api --token-file token --dpop-key key.pem');
  expect({ exit: bound.exit, stderr: bound.stderr }).toEqual({ exit: 0, stderr: '' });
  const hop = (options: string) =>
    sh(`cambio exchange --audience payments-api --token-env T --client-assertion-file orders-pod ${options}`, {
      T: bound.stdout.trim(),
    });
  const [bearer, other, mine, lost] = await Promise.all([
    hop(''),
    hop('--dpop-key other.pem'),
    hop('--json --dpop-key key.pem'),
    sh('cambio exchange --audience orders-api --token-file token --dpop'),
  ]);
  for (const { exit, stdout, stderr } of [bearer, other]) {
    expect([exit, stdout, stderr]).toEqual([1, '', expect.stringContaining('refused: invalid_request (400)')]);
  }
  expect({ exit: mine.exit, stderr: mine.stderr }).toEqual({ exit: 0, stderr: '' });
  const { token_type, access_token } = JSON.parse(mine.stdout);
  expect([token_type, claimsOf(access_token).cnf]).toEqual(['DPoP', claimsOf(bound.stdout).cnf]);
  expect([lost.exit, lost.stderr]).toEqual([0, expect.stringContaining('--dpop-key FILE binds it to one of yours')]);
  expect(claimsOf(lost.stdout).cnf).not.toEqual(claimsOf(bound.stdout).cnf);
});

describe('cambio audit verify', () => {
  test('finds the log of the functions and the decisions that are kept in agreement', async () => {
    const exchange = 'cambio exchange --audience orders-api --token-file token';
    expect((await sh(exchange)).exit).toBe(0);
    expect((await sh(`${exchange.replace('orders-api', 'payments-api')}`)).exit).toBe(1);
    const events = stack.logs.map(({ line }) => line).filter((line) => line.includes('"token_exchange"'));
    writeFileSync(join(folder, 'audit.jsonl'), events.join('\n'));
    const { exit, stdout } = await sh('cambio audit verify audit.jsonl');
    expect(stdout).toMatch(/^\d+ decisions: \d+ agree, 0 do not; \d+ need not be kept\n$/);
    expect([exit, Number.parseInt(stdout, 10) >= 2]).toEqual([0, true]);
    const tampered = events.map((line) => line.replaceAll('"rule":"orders-from-main"', '"rule":"another"'));
    writeFileSync(join(folder, 'tampered.jsonl'), tampered.join('\n'));
    expect((await sh('cambio audit verify tampered.jsonl')).exit).toBe(1);
  });
});

describe('a token that is issued', () => {
  /** A token for orders-api, the pod that may ask about it, and the job that got it. */
  async function issue() {
    const job = await stack.tokenFor('github', { run_id: String(Date.now()) });
    const pod = await stack.tokenFor('eks', { sub: 'system:serviceaccount:shop:orders' });
    writeFileSync(join(folder, 'pod'), pod);
    const { stdout } = await sh('cambio exchange --audience orders-api --token-env JOB', { JOB: job });
    const issued = stdout.trim();
    const introspected = async () => {
      const line = 'printf %s "$T" | cambio introspect --client-assertion-file pod';
      const { exit, stdout: answer, stderr } = await sh(line, { T: issued });
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
      return JSON.parse(answer) as Readonly<Record<string, unknown>>;
    };
    return { job, issued, introspected };
  }

  test('is introspected by the client that may see it', async () => {
    const { introspected } = await issue();
    expect(await introspected()).toMatchObject({
      active: true,
      aud: 'https://orders.acme.example',
      client_id: 'github',
    });
  });

  test('is revoked by the job that got it, and by no other', async () => {
    const { job, issued, introspected } = await issue();
    const other = await stack.tokenFor('github', { run_id: 'another' });
    const line = 'printf %s "$T" | cambio revoke';
    const refused = await sh(line, { T: issued, CAMBIO_ID_TOKEN: other });
    expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining('refused: invalid_request (400)')]);
    expect(refused.stderr).not.toContain(issued.split('.')[1]);
    expect((await introspected())['active']).toBe(true);
    expect(await sh(line, { T: issued, CAMBIO_ID_TOKEN: job })).toMatchObject({ exit: 0, stdout: '' });
    expect(await introspected()).toEqual({ active: false });
  });

  test('is revoked by an administrator who describes it', async () => {
    const { issued, introspected } = await issue();
    const { jti } = claimsOf(issued);
    const line = `cambio revoke --by jti --value ${jti} --reason 'leaked in a log'`;
    const { exit, stdout, stderr } = await sh(line);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ by: 'jti', value: jti, issuedBefore: expect.any(Number) });
    expect(await introspected()).toEqual({ active: false });
  });
});

test('what is suspended is refused until it is resumed, and why says what', async () => {
  const exchange = 'cambio exchange --audience orders-api --token-env JOB';
  const job = { JOB: await stack.tokenFor('github') };
  expect((await sh(exchange, job)).exit).toBe(0);
  expect(await sh("cambio suspend rule orders-from-main --reason 'wrong branch'")).toMatchObject({
    exit: 0,
    stderr: '',
  });
  const refused = await sh(exchange, job);
  expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining('refused: invalid_target (400)')]);
  const [, decision = ''] = /cambio why ([0-9a-f-]{36})/.exec(refused.stderr) ?? [];
  expect((await sh(`cambio why ${decision}`)).stdout).toContain(
    'reason suspended\nbecause\n  detail: "rule orders-from-main is suspended"\n  by whom and why: cambio suspend list\n',
  );
  const listed = JSON.parse((await sh('cambio suspend list')).stdout);
  expect(listed.suspensions).toMatchObject([{ kind: 'rule', name: 'orders-from-main', reason: 'wrong branch' }]);
  expect((await sh('cambio resume rule orders-from-main')).exit).toBe(0);
  expect((await sh(exchange, job)).exit).toBe(0);
  expect(JSON.parse((await sh('cambio suspend list')).stdout)).toEqual({ suspensions: [] });
});

test('cambio doctor finds nothing wrong with a stack that runs and a fresh token', async () => {
  const { exit, stdout, stderr } = await sh('cambio doctor', { CAMBIO_ID_TOKEN: token });
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  expect(stdout.split('\n').map((line) => line.split(':')[0])).toEqual([
    '✓ url',
    '✓ server',
    '✓ clock',
    '✓ keys',
    '✓ token',
    '',
  ]);
});

describe('cambio agent', () => {
  test('says where it is ready, serves, ends with SIGTERM, and leaves nothing on disk', async () => {
    const cwd = mkdtempSync(join(folder, 'agent-'));
    const places = { HOME: cwd, TMPDIR: cwd, XDG_CACHE_HOME: cwd };
    const env = {
      ...compiledOnce,
      PATH: process.env['PATH'],
      CAMBIO_URL: stack.url,
      CAMBIO_ID_TOKEN: token,
      ...places,
    };
    const child = spawn(process.execPath, [program, 'agent', '--listen', '127.0.0.1:0'], { env, cwd, stdio: 'pipe' });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const [line = ''] = await Promise.race([once(child.stdout, 'data') as Promise<Buffer[]>, ended.then(() => [])]);
    const [, url] = /^ready (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(String(line)) ?? [];
    const form = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', audience: 'orders-api' };
    const before = stack.calls.length;
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => fetch(`${url}/token`, { method: 'POST', body: new URLSearchParams(form) })),
    );
    const bodies = await Promise.all(answers.map((each) => each.json() as Promise<{ access_token: string }>));
    expect(new Set(bodies.map(({ access_token }) => claimsOf(access_token).jti)).size).toBe(1);
    expect(stack.calls.slice(before).filter(({ action }) => action === 'kms:Sign').length).toBe(1);
    expect(readdirSync(cwd)).toEqual([]);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(readdirSync(cwd)).toEqual([]);
  });
});
