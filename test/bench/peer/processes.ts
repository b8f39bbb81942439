// The processes of the bench: each measured one on a CPU of its own, what drives them and stands in for AWS on another.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { World } from './world.ts';

type Environment = Readonly<Record<string, string>>;

const pins = spawnSync('taskset', ['-c', '0', 'true']).status === 0 && availableParallelism() > 1;
/** How the processes are held apart, in words for the report. */
export const pinning = pins
  ? 'server on one CPU, load and AWS on another'
  : 'NOT pinned: taskset or a second CPU is missing';
const running = new Set<ChildProcess>();

export function stopAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

function start(
  cpu: 0 | 1,
  script: string,
  env: Environment,
  stdout: 'ignore' | 'inherit' | number = 'ignore',
): ChildProcess {
  const [command = '', ...args] = pinned(cpu, [...flags(env), script]);
  // The log goes where no log costs anything, for everybody alike.
  const child = spawn(command, args, { env, stdio: ['ignore', stdout, 'inherit', 'ipc'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function pinned(cpu: 0 | 1, words: readonly string[]): readonly string[] {
  const node = [process.execPath, ...words];
  return pins ? ['taskset', '-c', String(cpu), ...node] : node;
}

/** Of a profile: `--profile NAME` has it written to a folder. */
function flags({ NODE_PROFILE }: Environment): readonly string[] {
  return NODE_PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${NODE_PROFILE}`];
}

type Message = Readonly<Record<string, unknown>>;

function nextMessage(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('a process of the bench has ended'));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as Message);
    });
  });
}

async function ask(child: ChildProcess, message: Message): Promise<unknown> {
  const answer = nextMessage(child);
  child.send(message);
  const { error, result } = await answer;
  if (error !== undefined) throw new Error(String(error));
  return result;
}

export interface Load {
  readonly port: number;
  readonly requests: readonly string[];
  readonly connections: number;
  readonly seconds?: number;
  readonly count?: number;
}

/** Times in milliseconds, `elapsed` in seconds; `last` is the body of the last answer. */
export interface LoadResult {
  readonly count: number;
  readonly elapsed: number;
  readonly p50: number;
  readonly p99: number;
  readonly last: string;
}

/** A call that the stub answered; times in milliseconds. */
export interface TracedCall {
  readonly action: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of DynamoDB and KMS, read by the few lines that count it
  readonly input: any;
  readonly from: number;
  readonly to: number;
}

export interface Driver {
  /** The environment in which a function finds the stub. */
  readonly environment: Environment;
  readonly run: (load: Load) => Promise<LoadResult>;
  /** Milliseconds that KMS and DynamoDB take from now on. */
  readonly delay: (delays: { readonly kms: number; readonly dynamodb: number }) => Promise<void>;
  /** How many revocations of other tokens the table holds from now on. */
  readonly fill: (count: number) => Promise<void>;
  readonly trace: () => Promise<void>;
  readonly traced: () => Promise<readonly TracedCall[]>;
}

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export async function startDriver({ keyring, signingKey, self }: World, worldFile: string): Promise<Driver> {
  const child = start(1, pathOf('driver.mjs'), {}, 'inherit');
  child.send({ keyring, signingKey });
  const { port } = await nextMessage(child);
  const url = `http://127.0.0.1:${port}`;
  const command = (name: string, options: object = {}) => ask(child, { command: name, ...options });
  return {
    environment: {
      ...{ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
      // As long as Lambda's own.
      AWS_SESSION_TOKEN: 't'.repeat(700),
      ...{ AWS_ENDPOINT_URL_DYNAMODB: url, AWS_ENDPOINT_URL_KMS: url, AWS_ENDPOINT_URL_STS: url },
      ...{ ISSUER: self, API_BASE: self, RECORDS_TABLE: 'records', KEYRING_MAC_KEY: 'mac-1', WORLD: worldFile },
      ...{ AWS_LAMBDA_FUNCTION_NAME: 'bench', TZ: ':UTC' },
    },
    run: async (load) => (await command('run', load)) as LoadResult,
    delay: async (delays) => void (await command('delay', delays)),
    fill: async (count) => void (await command('fill', { count })),
    trace: async () => void (await command('trace')),
    traced: async () => (await command('traced')) as readonly TracedCall[],
  };
}

export interface Server {
  readonly port: number;
  /** What it said of itself when it was ready. */
  readonly facts: Message;
  /** Microseconds of user and system time so far. */
  readonly cpu: () => Promise<number>;
  /** Bytes it has needed at most. */
  readonly peakMemory: () => number;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a measured process: one of the scripts beside this file.
 * @param log descriptor of the file that takes what it writes; without it, nothing does
 */
export async function startServer(script: string, env: Environment, log?: number): Promise<Server> {
  const child = start(0, pathOf(script), env, log);
  const { port, ...facts } = await nextMessage(child);
  return {
    port: Number(port),
    facts,
    cpu: async () => Number(await ask(child, {})),
    peakMemory: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
    },
    stop: async () => {
      if (child.exitCode !== null || !child.connected) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      // Its own end, so that a profile is written.
      child.disconnect();
      await gone;
    },
  };
}

/** Starts `cambio agent` as a measured process, on a free port; its CPU time is what /proc says. */
export async function startAgent(command: string, env: Environment): Promise<Server> {
  const [program = '', ...args] = pinned(0, [...flags(env), command, 'agent', '--listen', '127.0.0.1:0']);
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const [, found] = /^ready http:.*:(\d+)$/m.exec(text) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
    child.once('exit', () => reject(new Error('the agent has ended')));
  });
  const statOf = (): readonly string[] =>
    readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return {
    port,
    facts: {},
    // In hundredths of a second, fields 14 and 15 of all.
    cpu: async () => (Number(statOf()[11]) + Number(statOf()[12])) * 10_000,
    peakMemory: () => Number.NaN,
    stop: async () => void child.kill(),
  };
}

/** Milliseconds of a whole process, and of import and first answer in it; URLs of what it loaded, where that was asked for. */
export interface ColdStart {
  readonly whole: number;
  readonly first: number;
  readonly loaded: readonly string[];
}

/** One cold start, in a process of its own. */
export async function coldStart(module: string, env: Environment): Promise<ColdStart> {
  const [command = '', ...args] = pinned(0, [pathOf('cold-start.mjs')]);
  const started = performance.now();
  const child = spawn(command, args, { env: { ...env, MODULE: module }, stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const ended = new Promise<number>((resolve) => child.once('exit', () => resolve(performance.now())));
  const closed = new Promise((resolve) => child.once('close', resolve));
  const whole = (await ended) - started;
  await closed;
  running.delete(child);
  const line = text.trim().split('\n').at(-1) ?? '';
  if (child.exitCode !== 0) throw new Error(`a cold start of ${join('…', module)} failed: ${text}`);
  const { milliseconds, loaded } = JSON.parse(line) as { milliseconds: number; loaded: readonly string[] };
  return { whole, first: milliseconds, loaded };
}
