// `npm start` as its user meets it: a process with arguments, output, signals and an exit code.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { bundledOnce } from '../../compiled-once.ts';
import { installed } from '../../installed.ts';

const repository = join(import.meta.dirname, '../../..');
const entry = join(repository, 'infra/local/start.mjs');
const hasNpm = installed('npm', 'the local stack through `npm start`');
const folder = mkdtempSync(join(tmpdir(), 'cambio-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Started {
  readonly child: ChildProcess;
  readonly stdout: string[];
  readonly stderr: Promise<string>;
  readonly exit: Promise<number | null>;
}

function start(...args: string[]): Started {
  return spawned(process.execPath, [entry, ...args]);
}

function spawned(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Started {
  // A process group of its own, so that whatever it leaves behind can be found.
  const child = spawn(program, args, { cwd: repository, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const stdout: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => stdout.push(chunk));
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  return { child, stdout, stderr: text(child.stderr), exit };
}

/** Every process below `pid`, however deep. */
function descendants(pid: number | undefined): readonly number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const table = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const children = table.flatMap(([child, parent]) => (child !== undefined && parent === pid ? [child] : []));
  return [...children, ...children.flatMap(descendants)];
}

function alive(pids: readonly number[]): readonly string[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' }).trim().split('\n');
  return rows.filter((row) => {
    const [pid, state] = row.trim().split(/\s+/);
    return pids.includes(Number(pid)) && !state?.startsWith('Z');
  });
}

/** Milliseconds; some fifty where nothing else runs. */
function startOfNode(): number {
  const before = Date.now();
  execFileSync(process.execPath, ['--eval', '0']);
  return Date.now() - before;
}

async function ready(started: Started): Promise<string> {
  return vi.waitFor(
    () => {
      const [, url] = /^ready (http:\/\/127\.0\.0\.1:\d+)$/m.exec(started.stdout.join('')) ?? [];
      if (!url) throw new Error('not ready yet');
      return url;
    },
    { timeout: 80_000, interval: 50 },
  );
}

describe('npm start', () => {
  it('serves, prints commands that work, and ends at SIGTERM with nothing left', async () => {
    const started = start('--port', '0');
    const url = await ready(started);
    expect(url).not.toMatch(/:0$/);
    const output = started.stdout.join('');
    expect(output).toContain(`POST  ${url}/token`);
    const commands = output.split('\n').filter((line) => /^ +(token=|curl|-d)/.test(line));
    const printed = execFileSync('bash', ['-c', commands.join('\n')], { encoding: 'utf8' });
    const [token = '', credentials = ''] = printed.split('\n');
    expect(output).toMatch(/^synthesizing what would be deployed…\n/);
    await vi.waitFor(() => {
      const line = /^\d\d:\d\d:\d\d granted github\|\S+ for deploy-prod by \S+ decision_id=[0-9a-f-]{36}$/m;
      expect(started.stdout.join('')).toMatch(line);
    });
    expect(started.stdout.join('')).not.toContain('{"level"');
    expect(JSON.parse(token)).toMatchObject({ token_type: 'Bearer', scope: 'orders:read orders:write' });
    expect(JSON.parse(credentials)).toMatchObject({ RoleArn: 'arn:aws:iam::111122223333:role/deploy-prod' });

    const children = descendants(started.child.pid);
    expect(children.length).toBeGreaterThan(1);
    const limit = Math.max(2_000, 20 * startOfNode());
    const signalled = Date.now();
    started.child.kill('SIGTERM');
    expect(await started.exit).toBe(0);
    expect(Date.now() - signalled).toBeLessThan(limit);
    await vi.waitFor(() => expect(alive(children)).toEqual([]), { timeout: 5_000 });
    expect(await started.stderr).toBe('');
  });

  it.skipIf(!hasNpm)('through npm ends with npm at SIGTERM, with no port open and nothing left', async () => {
    // The one before has compiled for itself.
    const started = spawned('npm', ['start', '--', '--port', '0'], { ...process.env, ...bundledOnce });
    const url = await ready(started);
    expect((await fetch(`${url}/.well-known/jwks.json`)).status).toBe(200);
    const children = descendants(started.child.pid);
    expect(children.length).toBeGreaterThan(2);
    started.child.kill('SIGTERM');
    await started.exit;
    await vi.waitFor(() => expect(alive(children)).toEqual([]), { timeout: 5_000 });
    await expect(fetch(url)).rejects.toThrow();
  });

  it('ends at SIGINT while it is still starting, with exit code 0 and no ready line', async () => {
    const started = start('--port', '0');
    // Its folder for the synthesis is made once the port is bound: the start is under way.
    const children = await vi.waitFor(
      () => {
        const found = descendants(started.child.pid);
        if (found.length === 0) throw new Error('no child yet');
        return found;
      },
      { timeout: 80_000, interval: 20 },
    );
    started.child.kill('SIGINT');
    expect(await started.exit).toBe(0);
    expect(started.stdout.join('')).not.toContain('ready');
    await vi.waitFor(() => expect(alive(children)).toEqual([]), { timeout: 5_000 });
  });

  it('ends within the limit at SIGTERM after its very first line, whatever it has yet to load', async () => {
    const limit = Math.max(2_000, 20 * startOfNode());
    const started = start('--port', '0');
    await vi.waitFor(() => expect(started.stdout.join('')).toContain('synthesizing'), {
      timeout: 80_000,
      interval: 10,
    });
    const signalled = Date.now();
    started.child.kill('SIGTERM');
    expect(await started.exit).toBe(0);
    expect(Date.now() - signalled).toBeLessThan(limit);
  });

  it('says in one line that a port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const started = start('--port', String(port));
    expect(await started.exit).toBe(1);
    expect(await started.stderr).toBe(`port ${port} is in use; choose another with --port\n`);
    expect(started.stdout.join('')).toBe('synthesizing what would be deployed…\n');
    server.close();
  });

  it('writes the diagnostics of a bad policy to stderr, and no ready line', async () => {
    const policy = join(folder, 'bad.yaml');
    writeFileSync(policy, 'version: 1\nisuers: {}\n');
    const started = start('--port', '0', '--policy', policy);
    expect(await started.exit).toBe(1);
    expect(await started.stderr).toMatch(/bad\.yaml:2:1: .*isuers/);
    expect(started.stdout.join('')).not.toContain('ready');
  });
});
