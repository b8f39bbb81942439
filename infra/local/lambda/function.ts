// A function and its execution environments: one request each, more on demand, then a queue. I/O: child processes.
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ExecutionEnvironment,
  type FunctionDefinition,
  type InvocationResult,
  startEnvironment,
} from './execution-environment.ts';

/** A line that a function wrote to stdout or stderr. */
export interface LogLine {
  readonly function: string;
  readonly line: string;
}

export interface FunctionOptions {
  readonly definition: FunctionDefinition;
  /** The most environments at a time. */
  readonly environments: number;
  /** Milliseconds that every start takes longer; none by default. */
  readonly coldStartMs?: number;
  readonly onLine: (line: LogLine) => void;
}

export interface LocalFunction {
  readonly definition: FunctionDefinition;
  /** Runs one event, as JSON text; `qualifier` is the alias or version it is called through. */
  readonly invoke: (event: string, qualifier?: string) => Promise<InvocationResult>;
  /** Starts an environment before the first request needs one; settles when it is ready, or has failed to be. */
  readonly warm: () => Promise<void>;
  readonly pids: () => Promise<readonly number[]>;
  readonly stop: () => Promise<void>;
}

interface Waiting {
  readonly event: string;
  readonly arn: string;
  readonly settle: (result: InvocationResult) => void;
}

interface Slot {
  state: 'starting' | 'idle' | 'busy';
  readonly environment: Promise<ExecutionEnvironment>;
}

const stopping: InvocationResult = { ok: false, failure: 'stopped', message: 'the local stack is stopping' };

/** Makes a function; no process runs before the first `invoke` or `warm`. */
export function createFunction(options: FunctionOptions): LocalFunction {
  const { definition, environments, onLine, coldStartMs = 0 } = options;
  const slots = new Set<Slot>();
  const queue: Waiting[] = [];
  let stopped = false;

  const serve = async (slot: Slot, waiting: Waiting): Promise<void> => {
    slot.state = 'busy';
    const environment = await slot.environment;
    waiting.settle(await environment.invoke(waiting.event, waiting.arn));
  };
  const dispatch = (): void => {
    for (const slot of inState(slots, 'idle')) {
      const next = queue.shift();
      if (!next) return;
      void serve(slot, next);
    }
    const wanted = Math.min(queue.length - inState(slots, 'starting').length, environments - slots.size);
    for (let count = 0; count < wanted; count += 1) start();
  };
  const start = (onReady = (): void => {}): void => {
    const environment = startLate(coldStartMs, definition, {
      onIdle: () => {
        slot.state = 'idle';
        onReady();
        dispatch();
      },
      onGone: (initError) => {
        onReady();
        slots.delete(slot);
        if (initError !== undefined) queue.shift()?.settle({ ok: false, failure: 'init-error', message: initError });
        if (!stopped) dispatch();
      },
      onLine: (line) => onLine({ function: definition.logicalId, line }),
    });
    const slot: Slot = { state: 'starting', environment };
    slots.add(slot);
    // The machine has no port or process left for it: the request that wanted it fails, the stack goes on.
    environment.catch((error: unknown) => {
      slots.delete(slot);
      onReady();
      queue.shift()?.settle({ ok: false, failure: 'init-error', message: String(error) });
    });
  };
  const stop = async (): Promise<void> => {
    stopped = true;
    for (const waiting of queue.splice(0)) waiting.settle(stopping);
    await Promise.allSettled([...slots].map(async (slot) => (await slot.environment).stop()));
  };
  return {
    definition,
    invoke: (event, qualifier) =>
      new Promise((settle) => {
        if (stopped) return settle(stopping);
        queue.push({ event, arn: qualifier ? `${definition.arn}:${qualifier}` : definition.arn, settle });
        dispatch();
      }),
    warm: () =>
      new Promise((ready) => {
        if (slots.size > 0 || stopped) ready();
        else start(ready);
      }),
    pids: async () => (await Promise.all([...slots].map((slot) => slot.environment))).flatMap(({ pid }) => pid ?? []),
    stop,
  };
}

async function startLate(
  milliseconds: number,
  ...start: Parameters<typeof startEnvironment>
): Promise<ExecutionEnvironment> {
  if (milliseconds > 0) await delay(milliseconds);
  return startEnvironment(...start);
}

function inState(slots: ReadonlySet<Slot>, state: Slot['state']): Slot[] {
  return [...slots].filter((slot) => slot.state === state);
}
