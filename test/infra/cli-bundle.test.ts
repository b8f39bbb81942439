// dist/cambio.mjs as a CI job gets it: one file, any Node from 20.16 on, nothing installed beside it.
import { execFile, execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import {
  accessSync,
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../cli/command-table.ts';
import { bundleCli } from '../../infra/cli-bundle.ts';
import { type FakeServer, fakeServer, granting, unsignedJwt } from '../cli/fake-server.ts';
import { compiledOnce } from '../compiled-once.ts';
import { sayNotInstalled } from '../installed.ts';

const repository = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'cambio-bundle-'));
const program = join(folder, 'cambio.mjs');
let server: FakeServer;
beforeAll(async () => {
  execFileSync(process.execPath, ['infra/release/build-cli.ts'], { cwd: repository });
  copyFileSync(join(repository, 'dist/cambio.mjs'), program);
  let isRevoked = false;
  server = await fakeServer({
    ...granting,
    '/.well-known/jwks.json': { body: { keys: [{ kid: 'k1' }] } },
    '/token': ({ form }) => {
      isRevoked = false;
      return {
        body: { access_token: form.has('requested_token_type') ? credentials : 'issued', token_type: 'Bearer' },
      };
    },
    '/credentials': { body: { ...JSON.parse(credentials), Token: 'session' } },
    '/introspect': () => ({ body: { active: !isRevoked } }),
    '/revoke': () => {
      isRevoked = true;
      return {};
    },
    '/admin/keys': { body: { keys: [] } },
    '/admin/suspensions': { body: { suspensions: [] } },
    '/admin/suspensions/client/acme/checkout': {},
    '/admin/keys/rotate': { body: {} },
    '/admin/keys/k1/revoke': { body: {} },
    [`/admin/decisions/${recorded.decision_id}`]: { body: recorded },
  });
});
const expiration = new Date(Date.now() + 3_600_000).toISOString();
const credentials = JSON.stringify({
  ...{ Version: 1, AccessKeyId: 'ASIA1', SecretAccessKey: 'secret', SessionToken: 'session', Expiration: expiration },
});
const recorded = {
  decision_id: '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab',
  ...{ at: 1_795_000_000, outcome: 'refused', error: 'invalid_target', reason: 'no_rule', expires_at: 9_999_999_999 },
  request: { audiences: ['no-such'], resources: [] },
  subject: { issuer: 'github', sub: 'repo:x', claims: { sub: 'repo:x' } },
};
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** The machine's own Node, which is not the one that runs the tests: the oldest we have. */
const systemNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((directory) => !directory.includes('node_modules'))
  .map((directory) => join(directory, 'node'))
  .find((file) => {
    try {
      accessSync(file);
      return true;
    } catch {
      return false;
    }
  });
if (systemNode === undefined) sayNotInstalled('a Node outside of node_modules', 'the bundle on an older Node');

interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param ready what a command prints that then runs until it is ended */
function run(
  node: string,
  args: readonly string[],
  environment: Record<string, string> = {},
  ready?: RegExp,
): Promise<Ran> {
  const env = { ...compiledOnce, CAMBIO_URL: server.url, ...environment };
  return new Promise((resolve) => {
    const child = execFile(node, args, { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ exit: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin?.end();
    child.stdout?.on('data', (text) => ready?.test(String(text)) && child.kill('SIGTERM'));
  });
}

const nodes = [process.execPath, ...(systemNode === undefined ? [] : [systemNode])];

describe.each(nodes)('%s', (node) => {
  test('explains itself, says its version, exchanges, and says what is wrong with a policy and with a command line', async () => {
    expect(await run(node, [program, '--help'])).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('usage: cambio'),
    });
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
    expect(await run(node, [program, '--version'])).toEqual({ exit: 0, stdout: `${version}\n`, stderr: '' });
    const exchanged = await run(node, [program, 'exchange', '--audience', 'orders-api'], { CAMBIO_ID_TOKEN: 'token' });
    expect(exchanged).toEqual({ exit: 0, stdout: 'issued\n', stderr: '' });
    const policy = join(repository, 'infra/policy');
    expect(await run(node, [program, 'policy', 'test', policy])).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/^ok: \d+ tests passed\n$/),
    });
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, 'version: 1\nissuers: 7\n');
    expect(await run(node, [program, 'policy', 'check', bad])).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('bad.yaml:2:'),
    });
    const unclear = await run(node, [program, 'policy', 'explain', '--policy', policy]);
    expect([unclear.exit, unclear.stderr]).toEqual([
      2,
      'cambio: give one of --claims FILE, --token-file FILE and --token-env NAME\n',
    ]);
  });

  test('starts without undici and without the policy compiler, which is there for those who call it', async () => {
    const watch = join(folder, 'watch.cjs');
    writeFileSync(
      watch,
      `const vm = require('node:vm'); const { compileFunction } = vm; let compiled = false;
       vm.compileFunction = (code, ...more) => { compiled ||= code.length > 500_000; return compileFunction(code, ...more); };
       process.on('exit', () => process.stderr.write(JSON.stringify({ compiled,
         undici: process.moduleLoadList.some((each) => each.includes('undici')), http: process.moduleLoadList.includes('NativeModule http') })));`,
    );
    const loaded = async (...words: readonly string[]) =>
      JSON.parse((await run(node, ['-r', watch, program, ...words], { CAMBIO_ID_TOKEN: 'token' })).stderr);
    expect(await loaded('--help')).toEqual({ compiled: false, undici: false, http: false });
    expect(await loaded('exchange', '--audience', 'orders-api')).toEqual({
      compiled: false,
      undici: false,
      http: true,
    });
    expect(await loaded('policy', 'check', join(repository, 'infra/policy'))).toMatchObject({
      compiled: true,
      undici: false,
    });
  });
});

test('every command runs on the oldest Node that is here', async () => {
  const node = nodes.at(-1) ?? '';
  const policy = join(repository, 'infra/policy');
  const [audit, claims] = ['audit.jsonl', 'claims.json'].map((name) => join(folder, name)) as [string, string];
  const key = join(folder, 'key.pem');
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(key, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(audit, JSON.stringify(recorded));
  writeFileSync(claims, JSON.stringify({ sub: 'repo:x', repository_id: '1' }));
  const tenants = join(folder, 'policies');
  cpSync(policy, tenants, { recursive: true, filter: (file) => !file.endsWith('.ts') });
  const client = ['--client-id', 'orders', '--client-secret-env', 'SECRET'];
  const lines: Readonly<Record<string, readonly string[]>> = {
    'policy check': [policy],
    'policy test': [policy],
    'policy explain': ['--policy', policy, '--claims', claims, '--issuer', 'github', '--role', 'no-such'],
    'policy reach': ['--policy', policy, '--role', 'deploy-prod'],
    'policy diff': [policy, policy],
    'policy replay': [audit, '--policy', policy],
    'policy new-tenant': ['acme', '--policy', tenants],
    exchange: ['--audience', 'orders-api'],
    aws: ['--role', 'deploy-prod'],
    'aws exec': ['--role', 'deploy-prod', '--', 'true'],
    'aws trust-policy': ['--role', 'deploy-prod', '--policy', policy],
    agent: ['--listen', '127.0.0.1:0'],
    console: ['--port', '0', '--policy', policy],
    init: [
      join(folder, 'init'),
      ...['--ci', 'github-actions', '--organization', '1', '--repository', '456789'],
      ...['--role', 'arn:aws:iam::111122223333:role/deploy', '--url', server.url.replace('http:', 'https:')],
      ...['--token-audience', 'https://sts.acme.example'],
    ],
    proof: ['https://orders.acme.example/', '--token-env', 'BOUND', '--dpop-key', key],
    introspect: ['--token-env', 'TOKEN', ...client],
    revoke: ['--token-env', 'TOKEN'],
    probe: ['--audience', 'orders-api', ...client],
    completion: ['bash'],
    doctor: [],
    'keys list': [],
    'keys rotate': [],
    'keys revoke': ['k1'],
    'audit verify': [audit],
    suspend: ['client', 'acme/checkout', '--reason', 'x'],
    'suspend list': [],
    resume: ['client', 'acme/checkout'],
    why: [recorded.decision_id],
  };
  expect(Object.keys(lines).sort()).toEqual(Object.keys(commands).sort());
  const environment = {
    PATH: process.env['PATH'] ?? '',
    CAMBIO_ID_TOKEN: unsignedJwt(),
    TOKEN: unsignedJwt(),
    BOUND: 'opaque',
    SECRET: 's',
  };
  for (const [name, words] of Object.entries(lines)) {
    const args = [program, ...name.split(' '), ...words];
    const ran = await run(node, args, environment, ['agent', 'console'].includes(name) ? /^ready / : undefined);
    expect({ name, ...ran }).toMatchObject({ name, exit: name === 'policy explain' ? 1 : 0 });
    expect(ran.stderr).not.toContain('fault of cambio');
  }
});

test('has no way to the default Kubernetes token, which is the cluster’s', () => {
  const text = readFileSync(program, 'utf8');
  expect(text).toContain('/var/run/secrets/cambio/token');
  expect(text).not.toContain('secrets/kubernetes.io');
});

test('no document, action or component runs what has that name at npm', () => {
  const textOf = (file: string): string => readFileSync(join(repository, file), 'utf8');
  const under = (name: string): readonly string[] =>
    readdirSync(join(repository, name), { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => relative(repository, join(each.parentPath, each.name)));
  const files = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...under('docs'), ...under('cli')];
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => /npx\s+(?:-\S+\s+)*cambio/.test(textOf(file)))).toEqual([]);
  expect(JSON.parse(textOf('package.json'))).toMatchObject({ private: true });
});

test('an old Node is told which one it needs', async () => {
  const older = join(folder, 'older.cjs');
  writeFileSync(
    older,
    `process.getBuiltinModule = undefined; Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } });`,
  );
  const { exit, stdout, stderr } = await run(process.execPath, ['-r', older, program, '--help']);
  expect({ exit, stdout, stderr }).toEqual({
    exit: 1,
    stdout: '',
    stderr: 'cambio needs Node 20.16 or newer; this is Node 18.20.0\n',
  });
});

test('a fault of ours is told in a few lines, not with the line of the bundle it is in', async () => {
  const broken = join(folder, 'broken.cjs');
  writeFileSync(
    broken,
    `const { URL: Original } = globalThis; globalThis.URL = class extends Original { constructor(...all) { throw new TypeError('broken'); } };`,
  );
  const { exit, stderr } = await run(process.execPath, [
    '-r',
    broken,
    program,
    'why',
    '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab',
  ]);
  expect([exit, stderr]).toEqual([1, expect.stringContaining('this is a fault of cambio\nTypeError: broken')]);
  expect(stderr.length).toBeLessThan(4_000);
});

let again: ReturnType<typeof bundleCli> | undefined;
/** Built once more. */
const rebuilt = () => {
  again ??= bundleCli();
  return again;
};

test('its SHA-256 lies beside it, and a second build is the same', async () => {
  const [built, sum] = ['cambio.mjs', 'cambio.mjs.sha256'].map((name) =>
    readFileSync(join(repository, 'dist', name), 'utf8'),
  );
  const { code, sha256, metafile } = await rebuilt();
  expect(sum).toBe(
    `${createHash('sha256')
      .update(built ?? '')
      .digest('hex')}  cambio.mjs\n`,
  );
  expect([code === built, sum?.startsWith(sha256)]).toEqual([true, true]);
  expect(code).not.toContain(repository);
  const using = Object.entries(metafile.outputs).filter(([, { inputs }]) =>
    Object.keys(inputs).some((input) => input.includes('node_modules')),
  );
  expect(using.map(([part]) => part)).toEqual([expect.stringContaining('compiler-commands')]);
  // Of ASCII alone: any other character would make each of them one of two bytes.
  expect(code).toMatch(/^[ -~\n]*$/);
});

test('what proves possession of a key is parsed by who proves it, and by no other exchange', async () => {
  const { outputs } = (await rebuilt()).metafile;
  const importersOf = (input: string, kind: string): readonly string[] => {
    const holds = ({ inputs }: (typeof outputs)[string]) => Object.hasOwn(inputs, input);
    const [part] = Object.entries(outputs).find(([, output]) => holds(output)) ?? expect.fail(`no part has ${input}`);
    const importing = Object.values(outputs).filter(({ imports }) =>
      imports.some((each) => each.path === part && each.kind === kind),
    );
    return importing.flatMap(({ inputs }) => Object.keys(inputs));
  };
  for (const input of ['cli/dpop/prover.ts', 'cli/dpop/proof.ts']) {
    expect(importersOf(input, 'import-statement').filter((each) => each !== 'cli/dpop/prover.ts')).toEqual([]);
  }
  expect(importersOf('cli/dpop/prover.ts', 'dynamic-import')).toContain('cli/dpop/options.ts');
  expect(importersOf('cli/dpop/options.ts', 'import-statement')).toContain('cli/exchange.ts');
});
