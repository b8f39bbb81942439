import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build, type PluginBuild } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { withBundle } from '../../infra/bundle.ts';
import { compileAhead } from '../../infra/function-code.ts';
import type { FunctionEntry } from '../../infra/function-entries.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { artifact } from './synthesized.ts';

const entries: readonly FunctionEntry[] = ['token', 'discovery', 'jwks', 'keyring-seed'];
const textOf = (entry: FunctionEntry) =>
  withBundle({ entry }, (directory) => readFileSync(join(directory, 'index.mjs'), 'utf8'));

/** Every file of a bundle by its path, without the policy. */
function codeOf(directory: string): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1));
  return new Map(
    paths.filter((path) => path !== 'policy.json').map((path) => [path, readFileSync(join(directory, path), 'utf8')]),
  );
}

const plain = { id: 'no-forks', from: 'github', match: [], deny: 'any' } as const;
const withWhen: PolicyArtifact = {
  ...artifact,
  rules: [{ ...plain, when: [{ name: 'always', expression: 'true' }] }],
};
/** Of the interpreter of `when`, and the name by which every client of the SDK calls itself. */
const [ofTheInterpreter, ofTheSdk] = ['found no matching overload for', 'aws-sdk-js'];

describe('bundle', () => {
  test.each(entries)('%s: one module that exports handler, without source map or path of this machine', (entry) => {
    const text = textOf(entry);
    expect(text).toMatch(/export\{[^}]*\bhandler\b[^}]*\}|export (const|async function|function) handler/);
    expect(text).not.toContain('sourceMappingURL');
    expect(text).not.toContain(join(import.meta.dirname, '..', '..'));
  });

  test('the policy lies beside it only when one is given, and the code is the same for every policy', () => {
    const list = (directory: string) => readdirSync(directory).sort();
    expect(withBundle({ entry: 'jwks' }, list)).toEqual(['chunks', 'index.mjs']);
    expect(withBundle({ entry: 'discovery', policy: artifact }, list)).toEqual(['index.mjs', 'policy.json']);
    const token = withBundle({ entry: 'token', policy: artifact }, codeOf);
    expect(withBundle({ entry: 'token', policy: withWhen }, codeOf)).toEqual(token);
  });

  test('what only some policies and settings need lies beside it, and every file that one names is there', () => {
    const code = withBundle({ entry: 'token' }, codeOf);
    const index = code.get('index.mjs') ?? '';
    expect(index.match(/import\("[^"]+"\)/g)?.sort()).toEqual(
      [
        'assume-role',
        'cel',
        'client-certificate',
        'container-keys',
        'dpop-checks',
        'dynamodb',
        'envelope',
        'fetch-json',
        'kms',
        'quota-counting',
        'run-time-policy',
        'single-uses',
        'status-positions',
        'sts-protocol',
        'sts',
        'tracing',
        'upstream-introspection',
      ].map((name) => `import("./chunks/${name}.mjs")`),
    );
    // What a function loads where nothing is asked for, and with status, in the KB of 1,024 bytes that docs/performance.md has.
    expect(Buffer.byteLength(index + code.get('chunks/status-positions.mjs'))).toBeLessThan(120 * 1_024);
    const laterOn = ['PackedPolicySize', '2620:4f:8000::/48', 'DELETE holders :mine'];
    for (const text of [ofTheInterpreter, ofTheSdk, ...laterOn]) expect(index).not.toContain(text);
    expect(code.get('chunks/cel.mjs')).toContain(ofTheInterpreter);
    expect(index).not.toContain('/v1/traces');
    expect(code.get('chunks/tracing.mjs')).toContain('/v1/traces');
    expect(code.get('chunks/tracing.mjs')?.length).toBeLessThan(6_000);
    expect([...code.values()].join()).toContain(ofTheSdk);
    const named = [...code].flatMap(([path, text]) =>
      [...text.matchAll(/(?:from|import\(|import)"(\.[^"]+)"/g)].map(([, file = '']) => join(dirname(path), file)),
    );
    expect(named.filter((path) => !code.has(path))).toEqual([]);
    expect(named.length).toBeGreaterThan(8);
  });

  test('a function has the files that it can reach, and no others', () => {
    const chunksOf = (entry: FunctionEntry) =>
      [...withBundle({ entry }, codeOf).keys()].filter((path) =>
        /^chunks\/(cel|dynamodb|kms|sts|tracing)\.mjs$/.test(path),
      );
    expect(chunksOf('jwks')).toEqual(['chunks/dynamodb.mjs', 'chunks/kms.mjs']);
    expect(chunksOf('revoke')).toEqual(['chunks/dynamodb.mjs', 'chunks/kms.mjs', 'chunks/tracing.mjs']);
    expect(chunksOf('discovery')).toEqual([]);
    expect([...withBundle({ entry: 'value-digests' }, codeOf).keys()]).toEqual(['index.mjs']);
  });

  test('its folder is gone afterwards, also when the construct could not be made', () => {
    const folders: string[] = [];
    withBundle({ entry: 'jwks' }, (directory) => folders.push(directory));
    expect(() =>
      withBundle({ entry: 'jwks' }, (directory) => {
        folders.push(directory);
        throw new Error('no construct');
      }),
    ).toThrow('no construct');
    expect(folders).toHaveLength(2);
    expect(folders.filter(existsSync)).toEqual([]);
  });
});

describe('init of the token function', () => {
  /** Nothing listens there: what is opened ahead fails, and nobody minds. */
  const nowhere = 'http://127.0.0.1:1/';
  const environment = {
    ...{ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' },
    ...{ AWS_ENDPOINT_URL: nowhere, ISSUER: 'https://issuer.example', RECORDS_TABLE: 'records' },
    KEYRING_MAC_KEY: 'arn:aws:kms:eu-west-1:111122223333:key/mac',
    ...{ API_BASE: 'https://api.example', DECISION_RETENTION: '86400', DECISION_INDEX: 'all' },
    ...{ SIGNATURE_BUDGET: '800', SESSION_BUDGET: '480' },
  };
  const script = `
    import { registerHooks } from 'node:module';
    import { pathToFileURL } from 'node:url';
    const [root] = process.argv.slice(1).map((path) => pathToFileURL(path + '/').href);
    const loaded = [];
    registerHooks({
      load(url, context, next) {
        if (url.startsWith(root)) loaded.push(url.slice(root.length));
        return next(url, context);
      },
    });
    const failure = await import(root + 'index.mjs').then(({ handler }) => typeof handler, (error) => error.code);
    // What fails in the background would end the process here.
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.stdout.write([failure, ...loaded].join(' '));`;

  /** The type of the handler or the code of the error, then the files that were loaded, those that chunks share apart. */
  function init(policy: PolicyArtifact, settings: Record<string, string> = {}, without?: string): string {
    return withBundle({ entry: 'token', policy }, (directory) => {
      if (without !== undefined) rmSync(join(directory, without));
      const args = ['--input-type=module', '--eval', script, directory];
      const env = { ...environment, ...settings };
      return execFileSync(process.execPath, args, { env, encoding: 'utf8' }).replaceAll(
        / chunks\/[\w-]+-[A-Z\d]{8}\.mjs/g,
        '',
      );
    });
  }

  test('loads the interpreter of `when` where a rule has one, and the SDK and spans where a setting says so', () => {
    const sdk = { CLIENTS_OF_AWS: 'sdk' };
    expect(init(artifact)).toBe('function index.mjs');
    expect(init({ ...artifact, rules: [{ ...plain, when: [] }] })).toBe('function index.mjs');
    expect(init(withWhen)).toBe('function index.mjs chunks/cel.mjs');
    expect(init(artifact, { OTEL_EXPORTER_OTLP_ENDPOINT: nowhere })).toBe('function index.mjs chunks/tracing.mjs');
    expect(init(artifact, sdk).split(' ')).toEqual([
      ...['function', 'index.mjs', 'chunks/dynamodb.mjs', 'chunks/kms.mjs', 'chunks/sts.mjs'],
    ]);
  });

  test('sends the spans of its very first request to the collector', async () => {
    const bodies: string[] = [];
    const server = createServer((incoming, outgoing) => {
      incoming.on('data', (chunk) => bodies.push(`${incoming.url} ${chunk}`));
      incoming.on('end', () => outgoing.end('{}'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const request = `
      const [path, body] = process.argv.slice(1);
      const { handler } = await import(path);
      const requestContext = { requestId: 'r', identity: { sourceIp: '192.0.2.1' } };
      const { headers } = await handler({ resource: '/token', httpMethod: 'POST', body, multiValueHeaders: {}, requestContext }, {});
      process.stdout.write(headers.traceresponse);
      process.exit(0);`;
    const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0';
    const collector = `http://127.0.0.1:${port}`;
    const env = { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: collector, _X_AMZN_TRACE_ID: traceHeader };
    const folder = mkdtempSync(join(tmpdir(), 'cambio-test-'));
    try {
      withBundle({ entry: 'token', policy: artifact }, (directory) => cpSync(directory, folder, { recursive: true }));
      const args = ['--input-type=module', '--eval', request, join(folder, 'index.mjs'), 'grant_type=x'];
      const { stdout } = await promisify(execFile)(process.execPath, args, { env });
      expect(stdout).toMatch(/(^|\n)00-5759e988bd862e3fe1be46a994272793-[0-9a-f]{16}-01$/);
      expect(bodies).toEqual([expect.stringMatching(/^\/v1\/traces .*"name":"POST \/token"/)]);
    } finally {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('fails where a file is missing that the policy or a setting needs, before there is any request', () => {
    const chunk = 'chunks/cel.mjs';
    expect(init(withWhen, {}, chunk)).toMatch(/^ERR_MODULE_NOT_FOUND /);
    expect(init(artifact, {}, chunk)).toBe('function index.mjs');
    expect(init(artifact, { CLIENTS_OF_AWS: 'sdk' }, 'chunks/sts.mjs')).toMatch(/^ERR_MODULE_NOT_FOUND /);
  });
});

test('functions that are compiled ahead leave what else is being compiled alone', async () => {
  let resolve = (): void => {};
  const compiled = new Promise<void>((done) => {
    resolve = done;
  });
  const waits = {
    name: 'waits',
    setup: ({ onLoad }: PluginBuild) =>
      onLoad({ filter: /public-document\.ts$/ }, async () => {
        await compiled;
        return { contents: '' };
      }),
  };
  const beside = build({
    entryPoints: ['shared/http/endpoints/public-document.ts'],
    absWorkingDir: join(import.meta.dirname, '../..'),
    write: false,
    plugins: [waits],
  });
  await compileAhead();
  resolve();
  expect((await beside).errors).toEqual([]);
});
