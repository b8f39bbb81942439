// One Lambda execution environment: a function's bundle in a process of its own. I/O: child process, Runtime API.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type RuntimeApi, startRuntimeApi } from './runtime.ts';

/** A function as the template declares it, its values resolved. `timeout` is in seconds, `memory` in MB. */
export interface FunctionDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly handler: string;
  readonly directory: string;
  readonly timeout: number;
  readonly memory: number;
  readonly runtime: string;
  /** The most that run at a time. */
  readonly reserved?: number | undefined;
  /** Exactly the environment of the process, but for what belongs to one environment. */
  readonly environment: Readonly<Record<string, string>>;
}

type InvocationFailure = 'function-error' | 'timeout' | 'crash' | 'init-error' | 'stopped';

export type InvocationResult =
  | { readonly ok: true; readonly payload: string }
  | { readonly ok: false; readonly failure: InvocationFailure; readonly message: string };

export interface EnvironmentEvents {
  readonly onIdle: () => void;
  /** The process has ended and takes no more work; `initError` is set if it never asked for any. */
  readonly onGone: (initError?: string) => void;
  readonly onLine: (line: string) => void;
}

export interface ExecutionEnvironment {
  readonly pid: number | undefined;
  /** Runs one event; call it only after `onIdle`. */
  readonly invoke: (event: string, functionArn: string) => Promise<InvocationResult>;
  readonly stop: () => Promise<void>;
}

interface Running {
  readonly requestId: string;
  readonly settle: (result: InvocationResult) => void;
  readonly timer: NodeJS.Timeout;
}

// Lambda gives the initialisation of an on-demand environment ten seconds.
const initLimitMs = 10_000;
const bootstrap = fileURLToPath(new URL('./bootstrap.mjs', import.meta.url));

/** Starts a process for the function; it is ready for work at the first `onIdle`. */
export async function startEnvironment(
  definition: FunctionDefinition,
  events: EnvironmentEvents,
): Promise<ExecutionEnvironment> {
  let running: Running | undefined;
  let initialised = false;
  let initError = `Runtime exited before it was ready`;

  const settle = (result: InvocationResult): void => {
    if (running) clearTimeout(running.timer);
    running?.settle(result);
    running = undefined;
  };
  const settleOf = (requestId: string, result: InvocationResult): void => {
    if (running?.requestId === requestId) settle(result);
  };
  const api: RuntimeApi = await startRuntimeApi({
    onIdle: () => {
      initialised = true;
      clearTimeout(initTimer);
      events.onIdle();
    },
    onInitError: (report) => {
      initError = messageOf(report);
    },
    onResponse: (requestId, payload) => settleOf(requestId, { ok: true, payload }),
    onError: (requestId, report) =>
      settleOf(requestId, { ok: false, failure: 'function-error', message: messageOf(report) }),
  });
  const child = launch(definition, api.address, events.onLine);
  const initTimer = setTimeout(() => {
    initError = `initialisation took more than ${initLimitMs / 1000} seconds`;
    child.kill('SIGKILL');
  }, initLimitMs);
  const gone = new Promise<void>((resolve) => {
    // 'close' comes after the last line of output, 'error' when the process could not be started at all.
    child.once('error', (error) => {
      initError = error.message;
    });
    child.once('close', () => {
      clearTimeout(initTimer);
      api.close();
      settle({ ok: false, failure: 'crash', message: 'the process ended during the invocation' });
      events.onGone(initialised ? undefined : initError);
      resolve();
    });
  });

  const invoke = (event: string, functionArn: string): Promise<InvocationResult> =>
    new Promise((resolve) => {
      const requestId = randomUUID();
      const timer = setTimeout(() => {
        const message = `Task timed out after ${definition.timeout.toFixed(2)} seconds`;
        events.onLine(`${requestId} ${message}`);
        settle({ ok: false, failure: 'timeout', message });
        child.kill('SIGKILL');
      }, definition.timeout * 1000);
      running = { requestId, settle: resolve, timer };
      const deadline = Date.now() + definition.timeout * 1000;
      api.send({ requestId, deadline, functionArn, traceId: traceId(), event });
    });
  const stop = async (): Promise<void> => {
    settle({ ok: false, failure: 'stopped', message: 'the local stack is stopping' });
    child.kill('SIGKILL');
    await gone;
  };
  return { pid: child.pid, invoke, stop };
}

function launch(definition: FunctionDefinition, address: string, onLine: (line: string) => void): ChildProcess {
  const child = spawn(process.execPath, [bootstrap], {
    cwd: definition.directory,
    // The whole environment: nothing is inherited from the stack's own process.
    env: {
      ...definition.environment,
      AWS_LAMBDA_RUNTIME_API: address,
      AWS_LAMBDA_LOG_STREAM_NAME: `local/[$LATEST]${randomUUID().replaceAll('-', '')}`,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {});
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
  return child;
}

function messageOf(report: string): string {
  try {
    const { errorType, errorMessage } = JSON.parse(report) as { errorType?: string; errorMessage?: string };
    return `${errorType ?? 'Error'}: ${errorMessage ?? ''}`;
  } catch {
    return 'Error: unreadable error report';
  }
}

function traceId(): string {
  const hex = randomUUID().replaceAll('-', '');
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${hex.slice(0, 24)};Parent=${hex.slice(16)};Sampled=0`;
}
