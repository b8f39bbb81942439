// The running functions of the stack, in their versions, found by ARN. I/O: child processes.
import type { Cleanup } from '../cleanup.ts';
import { type Alias, isWeight, type Share, versionOf } from './aliases.ts';
import type { FunctionDefinition, InvocationResult } from './execution-environment.ts';
import { createFunction, type LocalFunction, type LogLine } from './function.ts';

/** A function as tests and operators see it. */
export interface FunctionInfo {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly version: string;
  /** Seconds. */
  readonly timeout: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Processes that run it now. */
  readonly pids: readonly number[];
}

/** Calls a function by the ARN of the function, its alias or its version. */
export type Invoke = (functionArn: string, event: string, source?: InvokedBy) => Promise<InvocationResult>;

/** What is known of a call by a stream. */
export interface InvokedBy {
  /** Milliseconds since the last record of the batch was written. */
  readonly iteratorAgeMs: number;
}

/** What a new version has that is not as in the one before. */
export interface VersionChanges {
  /** Folder of its bundle. */
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** One call that has ended. */
export interface Invocation extends Partial<InvokedBy> {
  readonly definition: FunctionDefinition;
  /** Alias or version it was called by. */
  readonly qualifier: string | undefined;
  readonly version: string;
  /** Milliseconds since the epoch at its beginning; `durationMs` until its end. */
  readonly at: number;
  readonly durationMs: number;
  /** Calls of the function that ran at its beginning, itself included. */
  readonly concurrent: number;
  readonly isError: boolean;
}

export interface LocalFunctions {
  readonly invoke: Invoke;
  /** Starts an environment of each function that has none, one after the other: they leave the machine to those that are asked. */
  readonly warm: () => Promise<void>;
  readonly list: () => Promise<readonly FunctionInfo[]>;
  /** Makes another version of a function and names it; nobody calls it before an alias does. @throws Error if there is no such function */
  readonly publish: (functionArn: string, changes: VersionChanges) => string;
  /** Gives a version a share of an alias's calls, or with `undefined` all back. @throws Error if there is no such alias or version */
  readonly shift: (aliasArn: string, share: Share | undefined) => void;
}

export interface LocalFunctionsOptions {
  readonly definitions: readonly FunctionDefinition[];
  readonly aliases: readonly Alias[];
  readonly environments: number;
  /** Milliseconds that every start of an environment takes longer than it does. */
  readonly coldStartMs: number;
  readonly onLine: (line: LogLine) => void;
  readonly onInvocation: (invocation: Invocation) => void;
  readonly cleanup: Cleanup;
}

/** The version that the template publishes. */
const firstVersion = '1';

interface Versions {
  readonly all: Map<string, LocalFunction>;
  running: number;
}

export function createFunctions(options: LocalFunctionsOptions): LocalFunctions {
  const { definitions, cleanup, environments, coldStartMs, onLine } = options;
  const start = (definition: FunctionDefinition): LocalFunction =>
    createFunction({ definition, environments: environmentsOf(definition, environments), coldStartMs, onLine });
  const functions = new Map<string, Versions>(
    definitions.map((definition) => [
      definition.arn,
      { all: new Map([[firstVersion, start(definition)]]), running: 0 },
    ]),
  );
  const aliases = new Map(options.aliases.map((alias) => [`${alias.functionArn}:${alias.name}`, alias]));
  const everyOne = (): readonly LocalFunction[] => [...functions.values()].flatMap(({ all }) => [...all.values()]);
  cleanup.add(() => Promise.all(everyOne().map((one) => one.stop())));

  const find = (arn: string) => {
    const [, functionArn = '', qualifier] = /^(arn:aws:lambda:[^:]*:\d*:function:[^:]+)(?::(.+))?$/.exec(arn) ?? [];
    const versions = functions.get(functionArn);
    const alias = aliases.get(arn);
    const isLatest = qualifier === undefined || qualifier === '$LATEST';
    const version = alias ? versionOf(alias, Math.random()) : isLatest ? firstVersion : qualifier;
    const local = versions?.all.get(version);
    return versions && local && { versions, local, version, qualifier };
  };
  return {
    invoke: async (arn, event, source) => {
      const target = find(arn);
      if (!target) return { ok: false, failure: 'function-error', message: `no function ${arn} in the template` };
      const { versions, local, version, qualifier } = target;
      const at = Date.now();
      versions.running += 1;
      const concurrent = versions.running;
      const result = await local.invoke(event, qualifier);
      versions.running -= 1;
      const { definition } = local;
      const about = { definition, qualifier, version, at, concurrent, ...source };
      options.onInvocation({ ...about, durationMs: Date.now() - at, isError: !result.ok });
      return result;
    },
    warm: async () => {
      for (const one of everyOne()) await one.warm();
    },
    list: async () => {
      const all = [...functions.values()].flatMap((one) => [...one.all]);
      return Promise.all(all.map(([version, local]) => infoOf(version, local)));
    },
    publish: (functionArn, changes) => {
      const versions = functions.get(functionArn);
      const latest = versions && [...versions.all.values()].at(-1);
      if (!latest) throw new Error(`no function ${functionArn} in the template`);
      const version = String(versions.all.size + 1);
      versions.all.set(version, start(changed(latest.definition, version, changes)));
      return version;
    },
    shift: (aliasArn, share) => {
      const alias = aliases.get(aliasArn);
      if (!alias) throw new Error(`no alias ${aliasArn} in the template`);
      const isKnown = !share || functions.get(alias.functionArn)?.all.has(share.version);
      if (!isKnown || (share && !isWeight(share.weight))) throw new Error('no such version or weight');
      aliases.set(aliasArn, { ...alias, share });
    },
  };
}

/** A function that never runs more often at a time than it reserves. */
function environmentsOf({ reserved }: FunctionDefinition, most: number): number {
  return reserved === undefined ? most : Math.min(most, reserved);
}

function changed(
  definition: FunctionDefinition,
  version: string,
  { directory = definition.directory, environment = {} }: VersionChanges,
): FunctionDefinition {
  return {
    ...definition,
    directory,
    environment: {
      ...definition.environment,
      ...environment,
      AWS_LAMBDA_FUNCTION_VERSION: version,
      LAMBDA_TASK_ROOT: directory,
    },
  };
}

async function infoOf(version: string, { definition, pids }: LocalFunction): Promise<FunctionInfo> {
  const { logicalId, name, arn, timeout, environment } = definition;
  return { logicalId, name, arn, version, timeout, environment, pids: await pids() };
}
