// The runtime tests' world: a function made of a fixture bundle.
import { join } from 'node:path';
import type { FunctionDefinition } from '../../../../infra/local/lambda/execution-environment.ts';
import { createFunction, type LocalFunction, type LogLine } from '../../../../infra/local/lambda/function.ts';

export function definition(bundle: 'probe' | 'broken', changes: Partial<FunctionDefinition> = {}): FunctionDefinition {
  const directory = join(import.meta.dirname, 'fixtures/functions', bundle);
  return {
    logicalId: 'Probe',
    name: 'probe',
    arn: 'arn:aws:lambda:eu-west-1:111122223333:function:probe',
    handler: 'index.handler',
    directory,
    timeout: 5,
    memory: 256,
    runtime: 'nodejs24.x',
    environment: {
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: directory,
      AWS_LAMBDA_FUNCTION_NAME: 'probe',
      SETTING: 'value',
    },
    ...changes,
  };
}

export interface Probe {
  readonly function: LocalFunction;
  readonly lines: LogLine[];
  readonly ask: (event: unknown) => Promise<unknown>;
}

export function probe(changes: Partial<FunctionDefinition> = {}, environments = 1): Probe {
  const lines: LogLine[] = [];
  const made = createFunction({
    definition: definition('probe', changes),
    environments,
    onLine: (line) => lines.push(line),
  });
  const ask = async (event: unknown): Promise<unknown> => {
    const result = await made.invoke(JSON.stringify(event));
    return result.ok ? JSON.parse(result.payload) : result;
  };
  return { function: made, lines, ask };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
