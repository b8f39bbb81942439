// The AWS services the functions call: embedded ones, or those the SDK's standard variables name. I/O: servers on loopback.
import { join } from 'node:path';
import type { Account } from './account.ts';
import type { Cleanup } from './cleanup.ts';
import type { EngineName } from './dynamodb/engine.ts';
import type { Streams } from './dynamodb/streams.ts';
import type { LambdaApi } from './lambda/api.ts';
import type { EmulatorOptions } from './protocol/calls.ts';
import type { Iam } from './sts/iam.ts';
import { accountId, region } from './template/deployment.ts';

export interface EmulatorsOptions extends Pick<EmulatorOptions, 'record' | 'fault'> {
  readonly account: Account;
  readonly engine?: EngineName | undefined;
  /** Where tables and keys last; without it they are in memory. */
  readonly data?: string | undefined;
  /** Environment that may name services of somebody else. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cleanup: Cleanup;
}

export interface Emulators {
  readonly dynamodb: string;
  readonly kms: string;
  readonly sts: string;
  readonly s3: string;
  readonly iam: string;
  readonly lambda: string;
  /** Gives the Lambda API its functions, which need the other services' URLs first. */
  readonly openLambda: LambdaApi['open'];
  readonly policiesOf: Iam['policiesOf'];
  /** What tells one store from another across starts: the ports of embedded services change. */
  readonly stores: { readonly dynamodb: string; readonly kms: string; readonly s3: string };
  readonly supportsTtl: boolean;
  readonly supportsStreams: boolean;
  /** Closes the open shard of a stream of the embedded DynamoDB. */
  readonly closeShard: Streams['closeShard'] | undefined;
  /** Tells of every write to the embedded DynamoDB. */
  readonly onWrite: (listener: () => void) => void;
  /** The embedded DynamoDB past its record of calls; undefined if the tables are somebody else's. */
  readonly engineUrl: string | undefined;
}

/** What is assumed of a service that is somebody else's. */
interface External {
  readonly url: string;
  readonly supportsTtl: true;
  readonly engineUrl?: undefined;
  readonly streams?: undefined;
  readonly onWrite?: undefined;
  readonly principalOf?: undefined;
}

interface Service {
  readonly url: string;
  readonly close: () => Promise<unknown>;
}

/** Loads the services' code, which takes half a second: a caller that has to wait anyway does it meanwhile. */
export async function loadEmulators() {
  const [sts, iam, lambda, kms, s3, dynamodb] = await Promise.all([
    import('./sts/sts.ts'),
    import('./sts/iam.ts'),
    import('./lambda/api.ts'),
    import('./kms/kms.ts'),
    import('./s3/s3.ts'),
    import('./dynamodb/dynamodb.ts'),
  ]);
  return { ...sts, ...iam, ...lambda, ...kms, ...s3, ...dynamodb };
}

/** Starts each service that the environment names no other for. */
export async function startEmulators(options: EmulatorsOptions): Promise<Emulators> {
  const { env, record, fault, cleanup } = options;
  const own = async <Started extends Service>(service: Promise<Started>): Promise<Started> => {
    const started = await service;
    cleanup.add(started.close);
    return started;
  };
  const { startSts, startIam, startLambdaApi, startKms, startS3, startDynamoDb } = await loadEmulators();
  const { principalOf: known, secretOf, roles, iamRoles, oidcProviders, signIdentity } = options.account;
  const common = { region, accountId, record, fault };
  const sts =
    external(env.AWS_ENDPOINT_URL_STS) ??
    (await own(startSts({ ...common, principalOf: known, roles, oidcProviders, signIdentity })));
  // Whoever holds credentials that STS issued may call the others with them.
  const shared = { ...common, principalOf: sts.principalOf ?? known };
  const [iam, lambda, kms, s3, dynamodb] = await Promise.all([
    own(startIam({ ...shared, roles: iamRoles })),
    own(startLambdaApi(shared)),
    external(env.AWS_ENDPOINT_URL_KMS) ?? own(startKms({ ...shared, directory: folder(options, 'kms') })),
    external(env.AWS_ENDPOINT_URL_S3) ?? own(startS3({ ...shared, secretOf, directory: folder(options, 's3') })),
    external(env.AWS_ENDPOINT_URL_DYNAMODB) ??
      own(startDynamoDb({ ...shared, engine: options.engine, directory: folder(options, 'dynamodb') })),
  ]);
  const { supportsTtl, engineUrl, streams } = dynamodb;
  const isExternal = dynamodb.onWrite === undefined;
  const stores = {
    dynamodb: env.AWS_ENDPOINT_URL_DYNAMODB || 'embedded',
    kms: env.AWS_ENDPOINT_URL_KMS || 'embedded',
    s3: env.AWS_ENDPOINT_URL_S3 || 'embedded',
  };
  const urls = { dynamodb: dynamodb.url, kms: kms.url, sts: sts.url, s3: s3.url, iam: iam.url, lambda: lambda.url };
  return {
    ...urls,
    openLambda: lambda.open,
    policiesOf: iam.policiesOf,
    stores,
    supportsTtl,
    engineUrl,
    supportsStreams: isExternal || streams !== undefined,
    closeShard: streams?.closeShard,
    onWrite: dynamodb.onWrite ?? (() => {}),
  };
}

/** What the functions' environment says of the services: the SDKs follow it. */
export function endpointVariables({
  dynamodb,
  kms,
  sts,
  s3,
  iam,
  lambda,
}: Emulators): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    AWS_ENDPOINT_URL_KMS: kms,
    AWS_ENDPOINT_URL_STS: sts,
    AWS_ENDPOINT_URL_S3: s3,
    AWS_ENDPOINT_URL_IAM: iam,
    AWS_ENDPOINT_URL_LAMBDA: lambda,
  };
}

/** The service a variable names; the SDKs take an empty variable for none, too. */
function external(url: string | undefined): External | undefined {
  return url ? { url, supportsTtl: true } : undefined;
}

function folder({ data }: EmulatorsOptions, name: string): string | undefined {
  return data === undefined ? undefined : join(data, name);
}
