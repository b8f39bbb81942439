// `cambio aws exec`: the child of a real process, whose AWS SDK gets its credentials from the parent.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compiledOnce } from '../../compiled-once.ts';
import { installed, sayNotInstalled } from '../../installed.ts';
import { cambioIn, inTheWorld } from '../cambio.ts';
import { busyRole, type FakeRoles, fakeRoles, refusedRole } from '../fake-roles.ts';
import { unsignedJwt } from '../fake-server.ts';

const program = join(import.meta.dirname, '../../../cli/cambio.mjs');
const folder = mkdtempSync(join(tmpdir(), 'cambio-exec-'));
let roles: FakeRoles;
beforeAll(async () => {
  roles = await fakeRoles();
  // A machine that has credentials of its own in every place there is.
  const own = '[default]\naws_access_key_id = AKIAHOME\naws_secret_access_key = home\n';
  writeFileSync(join(folder, 'credentials'), own);
  writeFileSync(join(folder, 'config'), own.replace('default', 'profile home'));
});
beforeEach(() => {
  roles.failure = undefined;
  roles.asked = undefined;
  roles.life = 3_600;
  roles.server.received.splice(0);
});
afterAll(async () => {
  await roles.server.close();
  rmSync(folder, { recursive: true });
});

const environment = (): NodeJS.ProcessEnv => ({
  ...compiledOnce,
  PATH: process.env['PATH'],
  CAMBIO_URL: roles.server.url,
  CAMBIO_ID_TOKEN: unsignedJwt(),
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'AKIAENV',
  AWS_SECRET_ACCESS_KEY: 'env',
  AWS_SESSION_TOKEN: 'env',
  AWS_PROFILE: 'home',
  AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
  AWS_CONFIG_FILE: join(folder, 'config'),
  AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'credentials'),
  AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/other',
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/other',
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, 'credentials'),
});

interface Ran {
  readonly exit: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function exec(words: readonly string[], changes: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const args = [program, 'aws', 'exec', '--role', 'deploy-prod', ...words];
  return new Promise((resolve) => {
    const env = { ...environment(), ...changes };
    const child = execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
      resolve({ exit: error ? (error.code as number | undefined) : 0, stdout, stderr }),
    );
    child.stdin?.end();
  });
}
const node = (script: string) => ['--', process.execPath, '--input-type=module', '-e', script];

const hasBoto3 = installed('python3', 'boto3 under cambio aws exec') && canImport('boto3');
function canImport(module: string): boolean {
  const isThere = spawnSync('python3', ['-c', `import ${module}`]).status === 0;
  if (!isThere) sayNotInstalled(module, 'boto3 under cambio aws exec');
  return isThere;
}

describe('the AWS SDK of the child', () => {
  test('for JavaScript finds the role’s credentials in its default chain, and no others', async () => {
    const script = `import { STSClient } from '${import.meta.resolve('@aws-sdk/client-sts')}';
      const found = await new STSClient({}).config.credentials();
      console.log(found.accessKeyId, found.sessionToken, found.expiration instanceof Date);`;
    const { exit, stdout, stderr } = await exec(node(script));
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toMatch(/^ASIA(\d+) session\/\+=\1 true\n$/);
  });

  test.skipIf(!hasBoto3)('for Python does', async () => {
    const script = 'import boto3; c = boto3.Session().get_credentials(); print(c.method, c.access_key, c.token)';
    const { exit, stdout, stderr } = await exec(['--', 'python3', '-c', script]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toMatch(/^container-role ASIA(\d+) session\/\+=\1\n$/);
  });

  test('gets no other’s credentials when the role is refused later', async () => {
    roles.life = 1;
    const script = `import { STSClient } from '${import.meta.resolve('@aws-sdk/client-sts')}';
      process.stdout.write('started\\n');
      for await (const line of process.stdin) break;
      await new STSClient({}).config.credentials().then(({ accessKeyId }) => console.log(accessKeyId), () => console.log('none'));`;
    const args = [program, 'aws', 'exec', '--role', 'deploy-prod', ...node(script)];
    const child = spawn(process.execPath, args, { env: environment(), stdio: ['pipe', 'pipe', 'inherit'] });
    let stdout = '';
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      if (stdout === '') {
        roles.failure = refusedRole;
        child.stdin.end('go\n');
      }
      stdout += chunk.toString();
    }
    expect(stdout).toBe('started\nnone\n');
  });
});

test('a job longer than the credentials never notices: they are renewed with a fresh token', async () => {
  roles.life = 6;
  const script = `const ask = async () => {
      const { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN: authorization } = process.env;
      return (await fetch(url, { headers: { authorization } })).json();
    };
    const seen = new Set();
    while (seen.size < 2) {
      const asked = Date.now();
      const { AccessKeyId, Expiration } = await ask();
      if (Date.parse(Expiration) <= asked) console.log('expired');
      seen.add(AccessKeyId);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    console.log(seen.size);`;
  const file = join(folder, 'token');
  writeFileSync(file, unsignedJwt({ jti: 'first' }));
  roles.asked = () => writeFileSync(file, unsignedJwt({ jti: 'second' }));
  const { exit, stdout, stderr } = await exec(['--token-file', file, ...node(script)]);
  expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: '2\n', stderr: '' });
  const ids = roles.server.at('/credentials').map(({ headers }) => {
    const [, payload = ''] = headers.authorization?.split('.') ?? [];
    return JSON.parse(Buffer.from(payload, 'base64url').toString()).jti;
  });
  // How often depends on how fast this machine is.
  expect(ids.slice(0, 2)).toEqual(['first', 'second']);
  expect(new Set(ids.slice(1))).toEqual(new Set(['second']));
});

test('the credentials are for the child alone: no web page, nobody without the secret', async () => {
  const script = `import { request } from 'node:http';
    const { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN: authorization } = process.env;
    const status = (headers, to = url) => new Promise((resolve) => request(to, { headers }, (answer) => resolve(answer.resume().statusCode)).end());
    console.log(await status({ authorization }), await status({}), await status({ authorization: 'x' }),
      await status({ authorization, origin: 'https://evil.example' }), await status({ authorization, host: 'evil.example' }),
      await status({ authorization }, url + '?x=1'));`;
  const { stdout } = await exec(node(script));
  expect(stdout).toBe('200 401 401 403 403 404\n');
});

describe('the end of the child is the end of the command', () => {
  test('its exit status, and its words from `--` on', async () => {
    const { exit, stdout } = await exec(['--', 'sh', '-c', 'echo "$@"; exit 7', 'sh', '--help', '-x', '--']);
    expect({ exit, stdout }).toEqual({ exit: 7, stdout: '--help -x --\n' });
    expect((await exec(['--', 'true'])).exit).toBe(0);
  });

  test('128 and the number of the signal that ended it', async () => {
    expect((await exec(['--', 'sh', '-c', 'kill -TERM $$'])).exit).toBe(143);
  });

  test('127 where there is no such program', async () => {
    const { exit, stderr } = await exec(['--', './absent']);
    expect({ exit, stderr }).toEqual({ exit: 127, stderr: 'cambio: ./absent: cannot be run (ENOENT)\n' });
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s goes to the child', async (signal) => {
    const script = `process.on('${signal}', () => { console.log('got ${signal}'); process.exit(5); }); console.log('up'); setInterval(() => {}, 1000);`;
    const args = [program, 'aws', 'exec', '--role', 'deploy-prod', ...node(script)];
    const child = spawn(process.execPath, args, { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.on('close', resolve));
    let stdout = '';
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      if (stdout === '') child.kill(signal);
      stdout += chunk.toString();
    }
    expect([stdout, await ended]).toEqual([`up\ngot ${signal}\n`, 5]);
  });
});

describe('the child is not started', () => {
  test('and nothing tried again, once the token has expired', async () => {
    const pauses: number[] = [];
    const sleep = async (milliseconds: number): Promise<void> => void pauses.push(milliseconds);
    const busyWith = async (exp: number) => {
      pauses.splice(0);
      roles.failure = { ...busyRole, headers: { 'retry-after': '2' } };
      const token = unsignedJwt({ exp: Math.floor(Date.now() / 1_000) + exp });
      const machine = { ...inTheWorld({ CAMBIO_URL: roles.server.url, CAMBIO_ID_TOKEN: token }), sleep };
      expect((await cambioIn(machine, 'aws', 'exec', '--role', 'deploy-prod', '--', 'true')).exit).toBe(3);
      return pauses.length;
    };
    expect([await busyWith(2), await busyWith(300)]).toEqual([0, 3]);
  });

  test('when the role is refused', async () => {
    roles.failure = refusedRole;
    const { exit, stdout, stderr } = await exec(['--', 'echo', 'started']);
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' });
    expect(stderr).toContain('refused: invalid_target (403): the role is not available');
  });

  test('when no program is named, or not behind --', async () => {
    expect(await exec([])).toMatchObject({
      exit: 2,
      stdout: '',
      stderr: expect.stringContaining('aws exec needs -- CMD'),
    });
    expect(await exec(['--', ''])).toMatchObject({ exit: 2, stderr: expect.stringContaining('needs a program') });
    expect(await exec(['echo', 'x'])).toMatchObject({ exit: 2, stdout: '', stderr: expect.stringContaining('put --') });
  });
});
