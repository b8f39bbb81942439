// What the functions are wired from: configuration, policy, records table, keys and time. The one reader of the
// environment and of the policy beside the bundle; what a function does not use is not in its bundle.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createCallDynamoDb, createCallKms } from '../shared/aws/clients.ts';
import { createCachedKeyring, createReadKeyring } from '../shared/aws/keys/keyring.ts';
import { keysFrom } from '../shared/aws/keys/own-keys.ts';
import { createSign } from '../shared/aws/kms.ts';
import { createServedPolicy } from '../shared/aws/policy/served-policy.ts';
import { recordsOf } from '../shared/aws/records/records.ts';
import { type Config, readConfig, type Setting } from '../shared/config.ts';
import { refusalOf } from '../shared/http/audit.ts';
import { unverifiedDecisions } from '../shared/http/audited-endpoint.ts';
import { createEntersList } from '../shared/http/decision-listing.ts';
import { createLog, type WriteLog } from '../shared/http/log.ts';
import { requestTracing } from '../shared/http/request-tracing.ts';
import { type Handler, type Serving, unavailable, withPolicy } from '../shared/http/with-policy.ts';
import { fetchDocument } from '../shared/issuers/issuer-documents.ts';
import { createIssuerKeys } from '../shared/issuers/issuer-keys.ts';
import { upstreamCheck } from '../shared/issuers/upstream.ts';
import { certificateMatch } from '../shared/oauth/certificate-match.ts';
import type { CompiledPolicy } from '../shared/policy/compiled-policy.ts';
import { joinPolicy } from '../shared/policy/policy-artifact.ts';
import { version } from '../shared/version.ts';

/** Milliseconds since the epoch. */
export const clock = Date.now;

/** Milliseconds since the function started, in fractions, and never set back. */
const stopwatch = (): number => performance.now();

/** Seconds since the epoch. */
export const now = (): number => Math.floor(clock() / 1_000);

/** Of the present request. */
const traceHeader = () => process.env['_X_AMZN_TRACE_ID'];

/** @param name of the function */
export function logOf(name: string): WriteLog {
  const functionVersion = process.env['AWS_LAMBDA_FUNCTION_VERSION'];
  const { metrics: namespace } = configured('metrics');
  const print = (line: string): void => void process.stdout.write(line);
  return createLog({ name, functionVersion, clock, traceHeader, namespace, print });
}

/** The keys of the function's own role. */
export const ownKeys = () => keysFrom(process.env);

/** @throws Error naming every variable that is missing or wrong */
export function configured<const Name extends Setting>(...names: readonly Name[]) {
  return readConfig(process.env, names);
}

/**
 * The policy that lies beside the bundle.
 * @throws Error naming the value that is missing or malformed
 */
export function joinedPolicy({ policyValues }: Config<'policyValues'>) {
  return joinPolicy(readFileSync(new URL('policy.json', import.meta.url), 'utf8'), policyValues);
}

/** How AWS is called, and as whom. */
export function callOptions({ awsClients }: Config<'awsClients'>) {
  return { awsClients, environment: process.env, clock, random: Math.random };
}

interface ServedParts {
  readonly policy: CompiledPolicy;
  readonly config: Config<'recordsTable' | 'awsClients' | 'tenantKey'>;
  readonly write: WriteLog;
}

/** The handler of a function that decides by the policy: made once, or anew whenever a tenant is put or taken at run time. */
export async function servedBy<Event extends object>(
  { policy, config, write }: ServedParts,
  serving: Serving<Event>,
): Promise<Handler<Event>> {
  if (!policy.tenants || config.tenantKey === undefined) return serving.by(policy);
  const current = await createServedPolicy({
    ...(await recordsStore(config)),
    deployed: policy,
    keyId: config.tenantKey,
    kms: callOptions(config),
    clock,
    write,
  });
  return withPolicy({ current, clock: stopwatch }, serving);
}

/** As {@link servedBy}, of a function that makes no decisions. @param name of the log line about a request without policy */
export function administeredBy<Event extends object>(
  { name, ...parts }: ServedParts & { readonly name: string },
  { by }: Pick<Serving<Event>, 'by'>,
): Promise<Handler<Event>> {
  return servedBy(parts, { by, without: unavailable(name, parts.write) });
}

export async function recordsStore(config: Config<'recordsTable' | 'awsClients'>) {
  return { call: await createCallDynamoDb(callOptions(config)), table: config.recordsTable };
}

type Store = Awaited<ReturnType<typeof recordsStore>>;

export const signWithKms = async (config: Config<'awsClients'>) => createSign(await createCallKms(callOptions(config)));

interface KeyringParts {
  readonly store: Store;
  readonly config: Config<'awsClients' | 'keyringMac'>;
  readonly write: WriteLog;
  /** Milliseconds that what was read serves; a minute unless it is said. */
  readonly freshFor?: number;
}

/** Reads the keyring, and signs with its keys. */
export async function keyringOf({ store, config, write, freshFor }: KeyringParts) {
  const kms = await createCallKms(callOptions(config));
  const read = createReadKeyring({
    ...store,
    verifyMac: (message, mac) => kms.verifyMac(config.keyringMac, message, mac),
    onFault: (fault) => write('error', 'keyring_refused', { fault }, { keyring_refused: 1 }),
  });
  return { readKeyring: createCachedKeyring(read, clock, freshFor), sign: createSign(kms) };
}

const issuerFailed = { dependency_errors: 1, dependency: 'issuer' } as const;

/** Finds the keys of issuers, and of clients that publish theirs. */
export function issuerKeys(write: WriteLog) {
  return createIssuerKeys({
    clock,
    fetchJson: fetchDocument,
    random: Math.random,
    onFailure: (issuer, cause) => write('error', 'issuer_keys', { issuer, cause }, issuerFailed),
  });
}

/**
 * Of the endpoints whose requests are decided by the policy.
 * @param name of the function, as its log lines carry it
 */
export async function endpointParts(name: string) {
  const config = configured(
    'issuer',
    'recordsTable',
    'awsClients',
    'decisionRetention',
    'decisionIndex',
    'keyringMac',
    'policyValues',
    'traceCollector',
    'tenantKey',
  );
  const { issuer, decisionRetention } = config;
  const write = logOf(name);
  const store = await recordsStore(config);
  const findKey = issuerKeys(write);
  const entersList = createEntersList(config.decisionIndex, clock);
  const records = recordsOf({ ...store, now, random: Math.random, entersList });
  const { readKeyring, sign } = await keyringOf({ store, config, write });
  const policy = joinedPolicy(config);
  const capabilities = {
    ...records,
    issuer,
    policy,
    readKeyring,
    sign,
    checkUpstream: await upstreamCheck(policy, {
      ...{ readKeyring, sign, fetchJson: fetchDocument, now, newId: randomUUID },
      onFailure: (name, cause) => write('error', 'upstream_introspection', { issuer: name, cause }, issuerFailed),
    }),
    matchesCertificate: await certificateMatch(policy),
    findIssuerKey: findKey,
    findClientKey: findKey,
    decisionRetention,
    now,
  };
  const options = { write, newId: randomUUID, clock: stopwatch, budget: unverifiedDecisions(stopwatch) };
  const tracing = { ...options, name, version, wallClock: clock, traceHeader, endingOf: refusalOf };
  const trace = await requestTracing(config.traceCollector, tracing);
  return { config, capabilities, store, options: { ...options, trace } };
}
