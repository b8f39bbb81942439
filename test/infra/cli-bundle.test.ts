// dist/cambio.mjs as a CI job gets it: one file, any Node from 20.16 on, nothing installed beside it.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleCli } from '../../infra/cli-bundle.ts';
import { type FakeServer, fakeServer, granting } from '../cli/fake-server.ts';
import { sayNotInstalled } from '../installed.ts';

const repository = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'cambio-bundle-'));
const program = join(folder, 'cambio.mjs');
let server: FakeServer;
beforeAll(async () => {
  execFileSync(process.execPath, ['infra/build-cli.ts'], { cwd: repository });
  copyFileSync(join(repository, 'dist/cambio.mjs'), program);
  server = await fakeServer(granting);
});
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

function run(node: string, args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  const env = { CAMBIO_URL: server.url, ...environment };
  return new Promise((resolve) => {
    const child = execFile(node, args, { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ exit: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

const nodes = [process.execPath, ...(systemNode === undefined ? [] : [systemNode])];

describe.each(nodes)('%s', (node) => {
  test('explains itself, exchanges, and says what is wrong with a policy and with a command line', async () => {
    expect(await run(node, [program, '--help'])).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('usage: cambio'),
    });
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
      `const Original = Function; let compiled = false;
       globalThis.Function = function (...parts) { compiled = true; return Original(...parts); };
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

test('its SHA-256 lies beside it, and a second build is the same', async () => {
  const [built, sum] = ['cambio.mjs', 'cambio.mjs.sha256'].map((name) =>
    readFileSync(join(repository, 'dist', name), 'utf8'),
  );
  const { code, sha256, metafile } = await bundleCli();
  expect(sum).toBe(
    `${createHash('sha256')
      .update(built ?? '')
      .digest('hex')}  cambio.mjs\n`,
  );
  expect([code === built, sum?.startsWith(sha256)]).toEqual([true, true]);
  expect(code).not.toContain(repository);
  expect(Object.keys(metafile.inputs).filter((input) => input.includes('node_modules'))).toEqual([]);
});
