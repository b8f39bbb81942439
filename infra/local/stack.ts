// The local stack: synthesizes the template, makes what it declares and serves its API on one loopback port.
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { type Cleanup, createCleanup } from './cleanup.ts';
import { createAnswerUrls, runCustomResources } from './custom-resources.ts';
import { lockFolder } from './data-lock.ts';
import type { EngineName } from './dynamodb/engine.ts';
import { endpointVariables, startEmulators } from './emulators.ts';
import { type FrontDoor, openFrontDoor, starting } from './front-door.ts';
import { createRouter, maxBodyBytes } from './gateway/router.ts';
import { endpointsOf } from './gateway/routes.ts';
import type { Invoke } from './lambda/api.ts';
import { definitionsOf, principalsOf } from './lambda/definitions.ts';
import type { LogLine } from './lambda/function.ts';
import { createFunctions, type FunctionInfo } from './lambda/functions.ts';
import { makeResources, startSweepers } from './make-resources.ts';
import { localOrigins } from './origins.ts';
import type { InjectFault, RecordedCall } from './protocol/calls.ts';
import { answerLocal, localPrefix } from './stand-ins/local-api.ts';
import { compileLocalPolicy } from './stand-ins/local-policy.ts';
import type { ClaimOverrides, ListedIssuer } from './stand-ins/stand-ins.ts';
import { StartError } from './start-error.ts';
import type { AssumableRole } from './sts/assume-role.ts';
import type { IamRole } from './sts/iam-policies.ts';
import {
  localIamRoles,
  localOidcProviders,
  localRevocationRoles,
  localRoles,
  type Revoking,
} from './sts/policy-roles.ts';
import type { OidcProvider } from './sts/web-identity.ts';
import { type Deployment, openDeployment } from './template/deployment.ts';
import { deployer } from './template/provision.ts';
import { makeFolder, openState } from './template/stack-state.ts';
import { startSynthesis } from './template/synthesis.ts';
import { asString, type Template } from './template/template.ts';

export interface LocalStackOptions {
  /** On 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number | undefined;
  /** Policy file or folder; without it, the demonstration policy. */
  readonly policy?: string | undefined;
  /** Folder in which tables and keys last; without it they are in memory. */
  readonly data?: string | undefined;
  /** No stand-ins: the functions fetch the issuers' own keys. */
  readonly realIssuers?: boolean | undefined;
  /** Takes what the functions write and what the stack has to say. */
  readonly log?: ((line: string) => void) | undefined;
  /** The most environments of each function at a time; 4 by default. */
  readonly environments?: number | undefined;
  /** Milliseconds that every cold start takes longer than it does here. */
  readonly coldStartMs?: number | undefined;
  readonly engine?: EngineName | undefined;
  /** Failures of the embedded services. */
  readonly fault?: InjectFault | undefined;
  /** Where AWS_ENDPOINT_URL_* are looked for; the process's own environment by default. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Gives up a start that is under way. */
  readonly signal?: AbortSignal | undefined;
}

export interface LocalStack {
  /** `http://127.0.0.1:PORT`: issuer and API base alike. */
  readonly url: string;
  /** Calls of the embedded services, oldest first. */
  readonly calls: RecordedCall[];
  /** What the functions wrote to stdout and stderr, oldest first. */
  readonly logs: LogLine[];
  /** The synthesized template, without the resources its conditions leave out. */
  readonly template: Template;
  /** What a value of the template resolves to here, as in a deployment. */
  readonly resolve: (value: unknown) => unknown;
  /** The policy that is served, with the stand-ins' keys in it. */
  readonly policy: PolicyArtifact;
  /** `POST /token` and so on: what functions answer. */
  readonly endpoints: readonly string[];
  readonly issuers: () => readonly ListedIssuer[];
  readonly functions: () => Promise<readonly FunctionInfo[]>;
  /** Calls a function, by the ARN of its alias, as a schedule does. */
  readonly invoke: Invoke;
  /** Inline policies of a role, by name. */
  readonly policiesOf: (roleArn: string) => ReadonlyMap<string, string>;
  /** A token of a stand-in. @throws Error if nothing stands in for the issuer */
  readonly tokenFor: (issuer: string, overrides?: ClaimOverrides) => Promise<string>;
  readonly close: () => Promise<void>;
}

/**
 * Starts the stack; it serves when the promise settles.
 * @throws StartError in words for the user; anything else is a fault of the stack or the template
 */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const cleanup = createCleanup();
  try {
    return await orAborted(start(options, cleanup), options.signal);
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

async function start(options: LocalStackOptions, cleanup: Cleanup): Promise<LocalStack> {
  const log = options.log ?? (() => {});
  if (options.data !== undefined) {
    makeFolder(options.data);
    cleanup.add(lockFolder(options.data));
  }
  const door = await bindDoor(options.port ?? 0, log);
  cleanup.add(door.close);
  const synthesis = startSynthesis();
  cleanup.add(synthesis.close);

  const calls: RecordedCall[] = [];
  const principals = new Map<string, string>([[deployer.accessKeyId, deployer.arn]]);
  const roles: AssumableRole[] = [];
  const oidcProviders: OidcProvider[] = [];
  const iamRoles: IamRole[] = [];
  const invoke: Invoke = (arn, event) => functions.invoke(arn, event);
  const emulating = startEmulators({
    engine: options.engine,
    data: options.data,
    env: options.env ?? process.env,
    fault: options.fault,
    principalOf: (accessKeyId) => principals.get(accessKeyId),
    record: (call) => append(calls, call),
    roles,
    oidcProviders,
    iamRoles,
    invoke,
    cleanup,
  });
  emulating.catch(() => {});
  const { policy, standIns, clientStandIns } = await compileLocalPolicy({
    path: options.policy,
    realIssuers: options.realIssuers ?? false,
    log,
  });
  const { template: synthesized, assets } = await synthesis.run(policy);
  const emulators = await emulating;

  const deployment = openDeployment(synthesized as unknown as Template);
  const { template, resolve } = deployment;
  for (const [accessKeyId, principal] of principalsOf(template, resolve)) principals.set(accessKeyId, principal);
  const asking = { issuer: door.url, tokenRole: asString(resolve(template.Outputs?.TokenRole?.Value), 'TokenRole') };
  roles.push(...localRoles(policy.artifact, asking));
  const revoking = revokingOf(deployment);
  roles.push(...localRevocationRoles(policy.artifact, revoking));
  iamRoles.push(...localIamRoles(policy.artifact, revoking));
  oidcProviders.push(...localOidcProviders(asking));
  const state = openState(options.data);
  const tables = await makeResources({ ...deployment, state }, emulators);

  const logs: LogLine[] = [];
  const functions = createFunctions({
    definitions: definitionsOf({
      template,
      resolve,
      assets,
      origins: localOrigins(deployment, door.url),
      endpoints: endpointVariables(emulators),
    }),
    environments: options.environments ?? 4,
    coldStartMs: options.coldStartMs ?? 0,
    onLine: (line) => {
      append(logs, line);
      log(`${line.function} ${line.line}`);
    },
    cleanup,
  });
  const router = createRouter({ template, resolve, invoke: functions.invoke });
  await deployCustomResources({ ...deployment, state, invoke: functions.invoke }, door);
  functions.warm();
  await startSweepers(tables, emulators, cleanup);
  door.open((request) =>
    request.path === localPrefix || request.path.startsWith(`${localPrefix}/`)
      ? answerLocal({ standIns, clientStandIns, issuer: door.url }, request)
      : router(request),
  );
  return {
    url: door.url,
    calls,
    logs,
    template,
    resolve,
    policy: policy.artifact,
    endpoints: endpointsOf(template, resolve),
    issuers: standIns.list,
    functions: functions.list,
    invoke: functions.invoke,
    policiesOf: emulators.policiesOf,
    tokenFor: async (issuer, overrides = {}) => {
      const token = await standIns.tokenOf(issuer, overrides);
      if (token === undefined) throw new Error(`nothing stands in for the issuer ${issuer}`);
      return token;
    },
    close: cleanup.run,
  };
}

/** Outputs that there are where the policy has revocable roles. */
function revokingOf({ template, resolve }: Pick<Deployment, 'template' | 'resolve'>): Revoking {
  const { SessionBoundary, RevocationsRole } = template.Outputs ?? {};
  const textOf = (output: typeof SessionBoundary, name: string): string =>
    output === undefined ? '' : asString(resolve(output.Value), name);
  return {
    boundary: textOf(SessionBoundary, 'SessionBoundary'),
    writer: textOf(RevocationsRole, 'RevocationsRole'),
  };
}

async function bindDoor(port: number, log: (line: string) => void): Promise<FrontDoor> {
  try {
    return await openFrontDoor({ port, maxBodyBytes, log });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new StartError(`port ${port} is in use; choose another with --port`);
    if (code === 'EACCES') throw new StartError(`port ${port} is not open to this user; choose another with --port`);
    throw error;
  }
}

type CustomResources = Omit<Parameters<typeof runCustomResources>[0], 'answers'>;

async function deployCustomResources(options: CustomResources, door: FrontDoor): Promise<void> {
  const answers = createAnswerUrls(door.url);
  door.open(async (request) => answers.take(request) ?? starting);
  await runCustomResources({ ...options, answers });
}

// A stack may run for days: the oldest records make room.
function append<Item>(list: Item[], item: Item): void {
  list.push(item);
  if (list.length > 100_000) list.splice(0, 10_000);
}

function orAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (!signal) return work;
  const aborted = new Promise<never>((_resolve, reject) => {
    const abort = (): void => reject(new StartError('stopped'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
  });
  work.catch(() => {});
  return Promise.race([work, aborted]);
}
