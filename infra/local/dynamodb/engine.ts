// The DynamoDB engines of the local stack: dynoxide as a child process, dynalite in this one. I/O: process, files, socket.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../protocol/listen.ts';

export type EngineName = 'dynoxide' | 'dynalite';

export interface RunningEngine {
  readonly name: EngineName;
  /** Origin without a trailing slash. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * Starts an engine, keeping its data in `directory` or in memory.
 * @throws Error when it does not come up
 */
export function startEngine(name: EngineName, directory: string | undefined): Promise<RunningEngine> {
  if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 });
  return name === 'dynoxide' ? startDynoxide(directory) : startDynalite(directory);
}

/** dynoxide where its binary is installed, else dynalite. */
export function defaultEngine(): EngineName {
  return dynoxideBinary() === undefined ? 'dynalite' : 'dynoxide';
}

/** Path of the binary; undefined on platforms it is not built for. */
export function dynoxideBinary(): string | undefined {
  const { platform, arch } = process;
  try {
    const manifest = createRequire(import.meta.url).resolve(`@dynoxide/${platform}-${arch}/package.json`);
    const binary = join(dirname(manifest), 'dynoxide');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Runs the program in $@ until it ends or this shell's stdin does. The kernel closes that pipe when our process dies
 * in whatever way, SIGKILL included, so no engine outlives it.
 */
const untilStdinEnds = `
exec 3<&0
"$@" </dev/null &
engine=$!
(cat <&3 >/dev/null; kill "$engine" 2>/dev/null) &
wait "$engine"`;

const startAttempts = 3;

async function startDynoxide(directory: string | undefined, attempt = 1): Promise<RunningEngine> {
  const binary = dynoxideBinary();
  if (binary === undefined) throw new Error(`no dynoxide binary for ${process.platform}-${process.arch}`);
  const port = await freePort();
  const database = directory === undefined ? [] : ['--db-path', join(directory, 'dynamodb.sqlite')];
  const command = [binary, 'serve', '--host', '127.0.0.1', '--port', String(port), ...database];
  const child = spawn('/bin/sh', ['-c', untilStdinEnds, 'sh', ...command], {
    stdio: ['pipe', 'ignore', 'pipe'],
    // Its own group: Ctrl-C reaches the stack alone, which closes the engine last.
    detached: true,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-2000);
  });
  const url = `http://127.0.0.1:${port}`;
  if (await answersBefore(url, child, 10_000)) return { name: 'dynoxide', url, close: () => endChild(child) };
  await endChild(child);
  if (attempt < startAttempts) return startDynoxide(directory, attempt + 1);
  throw new Error(`dynoxide did not start: ${said.trim()}`);
}

async function startDynalite(directory: string | undefined): Promise<RunningEngine> {
  const { default: dynalite } = await import('dynalite');
  const path = directory === undefined ? {} : { path: join(directory, 'dynamodb.leveldb') };
  const server = dynalite({ ...path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const { port } = await listen(server, 0);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { name: 'dynalite', url: `http://127.0.0.1:${port}`, close };
}

/** Another process may take the port before the engine does; the caller tries again then. */
async function freePort(): Promise<number> {
  const server = createServer();
  const { port } = await listen(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** False when the child ends or the time in milliseconds is over first. */
async function answersBefore(url: string, child: ChildProcess, timeout: number): Promise<boolean> {
  for (const end = Date.now() + timeout; Date.now() < end && child.exitCode === null; await delay(5)) {
    const answered = await fetch(url).then(
      (response) => response.arrayBuffer().then(() => true),
      () => false,
    );
    if (answered) return child.exitCode === null;
  }
  return false;
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await ended;
}
