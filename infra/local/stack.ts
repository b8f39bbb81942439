// The local stack: synthesizes the template, makes what it declares and serves its API on one loopback port.
import { readConfig } from '../../shared/config.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import type { GivenMutualTls } from '../app-context.ts';
import type { SigningMode } from '../keys/signing-keys.ts';
import type { Canary } from '../probe/canary.ts';
import { accountOf } from './account.ts';
import { type Cleanup, createCleanup } from './cleanup.ts';
import { createAnswerUrls, runCustomResources } from './custom-resources.ts';
import { lockFolder } from './data-lock.ts';
import { createDistribution } from './distribution.ts';
import type { EngineName } from './dynamodb/engine.ts';
import { type Emulators, endpointVariables, loadEmulators, startEmulators } from './emulators.ts';
import type { EventSources } from './event-sources/event-sources.ts';
import { type FrontDoor, openFrontDoor, starting } from './front-door.ts';
import { createRouter, maxBodyBytes, type Router } from './gateway/router.ts';
import { endpointsOf } from './gateway/routes.ts';
import { aliasesOf } from './lambda/aliases.ts';
import { definitionsOf } from './lambda/definitions.ts';
import type { FunctionDefinition } from './lambda/execution-environment.ts';
import type { LogLine } from './lambda/function.ts';
import { createFunctions, type FunctionInfo, type Invoke, type LocalFunctions } from './lambda/running-functions.ts';
import { makeResources, startSweepers } from './make-resources.ts';
import { type Collector, createCollector } from './metrics/collector.ts';
import type { Datapoint } from './metrics/datapoint.ts';
import { localOrigins } from './origins.ts';
import { createPage, isOfPage } from './page.ts';
import type { InjectFault, RecordedCall } from './protocol/calls.ts';
import { openSchedules, type Schedules } from './schedules/schedules.ts';
import { answerLocal, localPrefix } from './stand-ins/local-api.ts';
import { compileLocalPolicy, type GivenValues, type LocalPolicy } from './stand-ins/local-policy.ts';
import type { ClaimOverrides, ListedIssuer } from './stand-ins/stand-ins.ts';
import { StartError } from './start-error.ts';
import { type Deployment, openDeployment } from './template/deployment.ts';
import { deployerClient } from './template/provision.ts';
import { makeFolder, openState } from './template/stack-state.ts';
import { resourcesOfType, type StackTemplate } from './template/stack-template.ts';
import { checkSupport } from './template/support.ts';
import { type Synthesis, startSynthesis } from './template/synthesis-thread.ts';

export interface LocalStackOptions {
  /** On 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number | undefined;
  /** Policy file or folder; without it, the demonstration policy. */
  readonly policy?: string | undefined;
  /** As the construct's property. */
  readonly canary?: Canary | undefined;
  /** As the app's context has it. */
  readonly mtls?: GivenMutualTls | undefined;
  /** As the construct's property. */
  readonly signing?: SigningMode | undefined;
  /** Folder in which tables and keys last; without it they are in memory. */
  readonly data?: string | undefined;
  /** No stand-ins: the functions fetch the issuers' own keys. */
  readonly realIssuers?: boolean | undefined;
  /** Takes what the functions write and what the stack has to say. */
  readonly log?: ((line: string) => void) | undefined;
  /** How `log` gets what a function wrote; by default its name and the line. */
  readonly format?: ((line: LogLine) => string) | undefined;
  /** What CDK would give at deploy, by name of the policy. */
  readonly given?: GivenValues | undefined;
  /** Begun by who had something else to load meanwhile; the stack ends it. */
  readonly synthesis?: Synthesis | undefined;
  /** The most environments of each function at a time; 4 by default. */
  readonly environments?: number | undefined;
  /** Milliseconds that every cold start takes longer than it does here. */
  readonly coldStartMs?: number | undefined;
  readonly engine?: EngineName | undefined;
  /** Failures of the embedded services. */
  readonly fault?: InjectFault | undefined;
  /** The template's schedules run by themselves; otherwise a test fires them. */
  readonly schedules?: boolean | undefined;
  /** Where AWS_ENDPOINT_URL_* and CLIENTS_OF_AWS are looked for; the process's own environment by default. */
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
  /** What CloudWatch would have: of the functions’ lines, of API Gateway and of Lambda. @throws Error for a line it would not take */
  readonly metrics: () => readonly Datapoint[];
  /** The synthesized template, without the resources its conditions leave out. */
  readonly template: StackTemplate;
  /** A request as API Gateway itself takes it, over whatever name and connection. */
  readonly request: Router;
  /** What a value of the template resolves to here, as in a deployment. */
  readonly resolve: (value: unknown) => unknown;
  /** The policy that is served, with the stand-ins' keys in it. */
  readonly policy: PolicyArtifact;
  /** `POST /token` and so on: what functions answer. */
  readonly endpoints: readonly string[];
  readonly issuers: () => readonly ListedIssuer[];
  readonly functions: () => Promise<readonly FunctionInfo[]>;
  /** Starts each function before somebody has to wait for it. */
  readonly warm: () => Promise<void>;
  /** Calls a function, by the ARN of its alias, as a schedule does. */
  readonly invoke: Invoke;
  /** Does now what a schedule of the template does, found by a part of its logical id. @throws Error if it is not one */
  readonly fire: Schedules['fire'];
  /** Another version of a function, by the function's ARN: with another bundle, or other variables. Answers its number. */
  readonly publish: LocalFunctions['publish'];
  /** Gives a version a share of the calls of an alias, by the alias's ARN, as a rollout does; `undefined` takes it back. */
  readonly shift: LocalFunctions['shift'];
  /** Inline policies of a role, by name. */
  readonly policiesOf: (roleArn: string) => ReadonlyMap<string, string>;
  /** A token of a stand-in. @throws Error if nothing stands in for the issuer */
  readonly tokenFor: (issuer: string, overrides?: ClaimOverrides) => Promise<string>;
  /** URL of the S3 in use. */
  readonly s3: string;
  /** Settles when the functions that read streams have been called with all that was written before. */
  readonly delivered: () => Promise<void>;
  /** Closes the open shard of every stream that is read; what is written from now on is in a new one. */
  readonly closeShards: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Starts the stack; it serves when the promise settles.
 * @throws StartError in words for the user; anything else is a fault of the stack or the template
 */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const cleanup = createCleanup();
  try {
    return await orAborted(start({ options, cleanup, log: options.log ?? (() => {}) }), options.signal);
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

/** Each phase takes what the one before has made, and registers the end of what it opens. */
async function start(begun: Begun): Promise<LocalStack> {
  const bound = await bind(begun);
  const synthesized = await synthesize(bound);
  const emulated = await emulate(synthesized);
  const provisioned = await provision(emulated);
  return serve(provisioned);
}

interface Begun {
  readonly options: LocalStackOptions;
  readonly cleanup: Cleanup;
  readonly log: (line: string) => void;
}

interface WithDoor extends Begun {
  readonly door: FrontDoor;
  readonly synthesis: Synthesis;
}

/** Takes the folder and the port before anything that takes time; the CDK begins to load. */
async function bind(begun: Begun): Promise<WithDoor> {
  const { options, cleanup, log } = begun;
  if (options.synthesis) cleanup.add(options.synthesis.close);
  if (options.data !== undefined) {
    makeFolder(options.data);
    cleanup.add(lockFolder(options.data));
  }
  const door = await bindDoor(options.port ?? 0, log);
  cleanup.add(door.close);
  const synthesis = options.synthesis ?? startSynthesis();
  cleanup.add(synthesis.close);
  return { ...begun, door, synthesis };
}

interface WithTemplate extends WithDoor {
  readonly served: LocalPolicy;
  readonly deployment: Deployment;
  /** Asset object key to the directory it was made from. */
  readonly assets: ReadonlyMap<string, string>;
}

async function synthesize(bound: WithDoor): Promise<WithTemplate> {
  const { options, log, synthesis } = bound;
  // Whether they can be loaded is seen when they are started.
  loadEmulators().catch(() => {});
  const served = await compileLocalPolicy({
    path: options.policy,
    realIssuers: options.realIssuers ?? false,
    given: options.given,
    log,
  });
  const { awsClients } = readConfig(options.env ?? process.env, ['awsClients']);
  const { template, assets } = await synthesis.run({
    policy: served.policy,
    awsClients,
    canary: options.canary,
    mtls: options.mtls,
    signing: options.signing,
  });
  const deployment = openDeployment(template as unknown as StackTemplate);
  checkSupport(deployment.template);
  return { ...bound, served, deployment, assets };
}

interface WithEmulators extends WithTemplate {
  readonly emulators: Emulators;
  /** What the embedded services are asked, oldest first. */
  readonly calls: RecordedCall[];
}

async function emulate(synthesized: WithTemplate): Promise<WithEmulators> {
  const { options, cleanup, door, served, deployment } = synthesized;
  const calls: RecordedCall[] = [];
  const emulators = await startEmulators({
    account: accountOf({
      policy: served.policy.artifact,
      deployment,
      issuer: door.url,
      tokenOf: served.standIns.tokenOf,
    }),
    engine: options.engine,
    data: options.data,
    env: options.env ?? process.env,
    fault: options.fault,
    record: (call) => append(calls, call),
    cleanup,
  });
  return { ...synthesized, emulators, calls };
}

interface WithFunctions extends WithEmulators {
  readonly functions: LocalFunctions;
  readonly eventSources: EventSources | undefined;
  readonly collector: Collector;
  /** What the functions wrote, oldest first. */
  readonly logs: LogLine[];
}

/** Makes what the template declares: tables and keys, then the functions, then what functions of it make. */
async function provision(emulated: WithEmulators): Promise<WithFunctions> {
  const { options, cleanup, door, deployment, emulators } = emulated;
  const state = openState(options.data);
  const tables = await makeResources({ ...deployment, state }, emulators);
  const { functions, definitions, collector, logs } = makeFunctions(emulated);
  emulators.openLambda(functions.invoke);
  const answers = createAnswerUrls(door.url);
  door.open(async (request) => answers.take(request) ?? starting);
  await runCustomResources({ ...deployment, state, invoke: functions.invoke, answers, origin: door.url });
  await startSweepers(tables, emulators, cleanup);
  const eventSources = await readStreams(emulated, { definitions, invoke: functions.invoke });
  return { ...emulated, functions, eventSources, collector, logs };
}

interface Made extends Pick<WithFunctions, 'functions' | 'collector' | 'logs'> {
  readonly definitions: readonly FunctionDefinition[];
}

function makeFunctions(emulated: WithEmulators): Made {
  const { options, cleanup, log, door, deployment, assets, emulators } = emulated;
  const { format = ({ function: name, line }) => `${name} ${line}` } = options;
  const logs: LogLine[] = [];
  const collector = createCollector(deployment);
  const definitions = definitionsOf({
    ...deployment,
    assets,
    origins: localOrigins(deployment, door.url),
    endpoints: endpointVariables(emulators),
  });
  const functions = createFunctions({
    definitions,
    aliases: aliasesOf(deployment.template, deployment.resolve),
    environments: options.environments ?? 4,
    coldStartMs: options.coldStartMs ?? 0,
    onLine: (line) => {
      append(logs, line);
      collector.onLine(line);
      log(format(line));
    },
    onInvocation: collector.onInvocation,
    cleanup,
  });
  return { functions, definitions, collector, logs };
}

/** Most templates have no event source: their code is not loaded then. */
async function readStreams(
  emulated: WithEmulators,
  running: { readonly definitions: readonly FunctionDefinition[]; readonly invoke: Invoke },
): Promise<EventSources | undefined> {
  const { options, cleanup, log, deployment, emulators } = emulated;
  if (resourcesOfType(deployment.template, 'AWS::Lambda::EventSourceMapping').length === 0) return undefined;
  const { startEventSources } = await import('./event-sources/event-sources.ts');
  const { supportsStreams, onWrite } = emulators;
  const { data } = options;
  const sources = startEventSources({
    ...deployment,
    ...running,
    endpoints: emulators,
    supportsStreams,
    onWrite,
    data,
    log,
  });
  // It ends with the function it is waiting for, which is stopped later.
  cleanup.add(() => void sources.stop());
  return sources;
}

function serve(provisioned: WithFunctions): LocalStack {
  const { options, cleanup, door, served, deployment, emulators, calls, functions, eventSources, collector, logs } =
    provisioned;
  const { template, resolve } = deployment;
  const { policy, standIns, clientStandIns } = served;
  const schedules = openSchedules({ template, resolve, invoke: functions.invoke, clock: Date.now });
  if (options.schedules) cleanup.add(schedules.start());
  const router = createRouter({ template, resolve, invoke: functions.invoke, onAnswer: collector.onAnswer });
  const page = createPage({ origin: door.url, served, path: options.policy });
  const distribution = createDistribution({ template, resolve, s3: deployerClient(emulators.s3) });
  door.open(async (request) => {
    if (isOfPage(request)) return page(request);
    return request.path === localPrefix || request.path.startsWith(`${localPrefix}/`)
      ? answerLocal({ standIns, clientStandIns, issuer: door.url }, request)
      : ((await distribution(request)) ?? router(request));
  });
  return {
    url: door.url,
    calls,
    logs,
    metrics: collector.datapoints,
    template,
    request: router,
    resolve,
    policy: policy.artifact,
    endpoints: endpointsOf(template, resolve),
    issuers: standIns.list,
    functions: functions.list,
    warm: functions.warm,
    invoke: functions.invoke,
    fire: schedules.fire,
    publish: functions.publish,
    shift: functions.shift,
    policiesOf: emulators.policiesOf,
    tokenFor: async (issuer, overrides = {}) => {
      const token = await standIns.tokenOf(issuer, overrides);
      if (token === undefined) throw new Error(`nothing stands in for the issuer ${issuer}`);
      return token;
    },
    s3: emulators.s3,
    delivered: async () => eventSources?.drained(),
    closeShards: async () => {
      for (const stream of eventSources?.streams ?? []) await emulators.closeShard?.(stream);
    },
    close: cleanup.run,
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
