// The running functions of the stack, found by ARN. I/O: child processes.
import type { Cleanup } from '../cleanup.ts';
import type { FunctionDefinition, InvocationResult } from './execution-environment.ts';
import { createFunction, type LocalFunction, type LogLine } from './function.ts';

/** A function as tests and operators see it. */
export interface FunctionInfo {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** Seconds. */
  readonly timeout: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Processes that run it now. */
  readonly pids: readonly number[];
}

/** Calls a function by the ARN of the function, its alias or its version. */
export type Invoke = (functionArn: string, event: string) => Promise<InvocationResult>;

export interface LocalFunctions {
  readonly invoke: Invoke;
  readonly warm: () => void;
  readonly list: () => Promise<readonly FunctionInfo[]>;
}

export interface LocalFunctionsOptions {
  readonly definitions: readonly FunctionDefinition[];
  readonly environments: number;
  /** Milliseconds that every start of an environment takes longer than it does. */
  readonly coldStartMs: number;
  readonly onLine: (line: LogLine) => void;
  readonly cleanup: Cleanup;
}

export function createFunctions(options: LocalFunctionsOptions): LocalFunctions {
  const { definitions, cleanup, ...shared } = options;
  const functions = new Map<string, LocalFunction>(
    definitions.map((definition) => [definition.arn, createFunction({ definition, ...shared })]),
  );
  cleanup.add(() => Promise.all([...functions.values()].map((one) => one.stop())));
  return {
    invoke: async (arn, event) => {
      const [, functionArn = '', qualifier] = /^(arn:aws:lambda:[^:]*:\d*:function:[^:]+)(?::(.+))?$/.exec(arn) ?? [];
      const target = functions.get(functionArn);
      if (!target) return { ok: false, failure: 'function-error', message: `no function ${arn} in the template` };
      return target.invoke(event, qualifier);
    },
    warm: () => {
      for (const one of functions.values()) one.warm();
    },
    list: () => Promise.all([...functions.values()].map(infoOf)),
  };
}

async function infoOf({ definition, pids }: LocalFunction): Promise<FunctionInfo> {
  const { logicalId, name, arn, timeout, environment } = definition;
  return { logicalId, name, arn, timeout, environment, pids: await pids() };
}
