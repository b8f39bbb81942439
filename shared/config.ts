// The environment of the functions, named once: infra writes these variables, functions read them. Pure.

/** Environment variable of each setting. */
export const environmentNames = {
  /** Issuer identifier: an https origin without a path and without a trailing slash. */
  issuer: 'ISSUER',
  /** Base of every route, without a trailing slash. */
  apiBase: 'API_BASE',
  /** … for callers with a certificate. Absent where no domain has mutual TLS. */
  mtlsBase: 'MTLS_BASE',
  /** Name of the DynamoDB table of records. */
  recordsTable: 'RECORDS_TABLE',
  /** Seconds a decision is kept. */
  decisionRetention: 'DECISION_RETENTION',
  /** Which decisions enter the list of decisions. */
  decisionIndex: 'DECISION_INDEX',
  /** Signatures of KMS in a second, of all instances together. */
  signatureBudget: 'SIGNATURE_BUDGET',
  /** … and sessions of STS. */
  sessionBudget: 'SESSION_BUDGET',
  /** JSON object: the values the policy artifact has holes for. Absent where it has none. */
  policyValues: 'POLICY_VALUES',
  /** ARN of the KMS key of the MAC over the list of tenants. Absent where all tenants are deployed. */
  tenantKey: 'TENANT_KEY',
  /** The account that the function runs in. */
  accountId: 'ACCOUNT_ID',
  /** ARN of the function that ends sessions of AWS roles. Absent where no role is revocable. */
  sessionRevocations: 'SESSION_REVOCATIONS',
  /** CloudWatch namespace of the functions' metrics. Absent where they make none. */
  metrics: 'METRICS_NAMESPACE',
  /** Of the probe: the audience it gets tokens for. */
  probeAudience: 'PROBE_AUDIENCE',
  /** … the client that it is. */
  probeClient: 'PROBE_CLIENT',
  /** … the audience of its own identity's tokens. */
  probeIdentity: 'PROBE_IDENTITY',
  /** ARN of the KMS key that makes the MAC of the keyring. */
  keyringMac: 'KEYRING_MAC_KEY',
  /** Value of the tag that all signing keys of the deployment have. */
  keyringTag: 'KEYRING_TAG',
  /** JSON object: whose roles sign for each use. Absent where no key is made in KMS. */
  keySigners: 'KEY_SIGNERS',
  /** Seconds a key signs before its successor does. */
  keyRotation: 'KEY_ROTATION',
  /** Name of the bucket that the audit trail lies in. */
  trailBucket: 'TRAIL_BUCKET',
  /** Name of the bucket that CloudFront serves the public documents from. */
  documentsBucket: 'DOCUMENTS_BUCKET',
  /** Name of the bucket that API Gateway reads the trust store of clients' certificates from. */
  trustStoreBucket: 'TRUST_STORE_BUCKET',
  /** ARN of the KMS key that signs the heads of the audit trail. */
  trailKey: 'TRAIL_KEY',
  /** ARN of the KMS key that seals signing keys. Absent where they sign in KMS. */
  wrappingKey: 'WRAPPING_KEY',
  /** How functions call AWS: signed by hand, or by the SDK's clients. Absent means `direct`. */
  awsClients: 'CLIENTS_OF_AWS',
  /** Where spans of requests are sent. Absent where they are not traced. */
  traceCollector: 'OTEL_EXPORTER_OTLP_ENDPOINT',
  /** Takes the place of Lambda's own endpoint where it is set, as for the SDK's clients, which read theirs themselves. */
  lambdaEndpoint: 'AWS_ENDPOINT_URL_LAMBDA',
  /** As {@link environmentNames.lambdaEndpoint}, for IAM. */
  iamEndpoint: 'AWS_ENDPOINT_URL_IAM',
  /** As {@link environmentNames.lambdaEndpoint}, for S3. */
  s3Endpoint: 'AWS_ENDPOINT_URL_S3',
} as const;

export type Setting = keyof typeof environmentNames;

const optional = [
  'mtlsBase',
  'documentsBucket',
  'tenantKey',
  'policyValues',
  'sessionRevocations',
  'metrics',
  'traceCollector',
  'awsClients',
  'wrappingKey',
  'keySigners',
  'lambdaEndpoint',
  'iamEndpoint',
  's3Endpoint',
] as const;
const wholeNumbers = ['decisionRetention', 'keyRotation', 'signatureBudget', 'sessionBudget'] as const;
const choices = { awsClients: ['direct', 'sdk'], decisionIndex: ['all', 'refusals', 'none'] } as const;

type Optional = (typeof optional)[number];
type WholeNumber = (typeof wholeNumbers)[number];
/** Which decisions enter the list of decisions. */
export type DecisionIndex = (typeof choices)['decisionIndex'][number];
/** How the functions call AWS on the hot path. */
export type AwsClients = (typeof choices)['awsClients'][number];

/** The named settings; one that may be absent is undefined then, and one that is empty is absent. */
export type Config<Name extends Setting> = {
  readonly [Each in Name]: ValueOf<Each> | (Each extends Optional ? undefined : never);
};

type ValueOf<Name extends Setting> = Name extends WholeNumber
  ? number
  : Name extends keyof typeof choices
    ? (typeof choices)[Name][number]
    : string;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the named settings.
 * @throws Error naming every variable that is missing or wrong, and the value of none
 */
export function readConfig<const Name extends Setting>(environment: Environment, names: readonly Name[]): Config<Name> {
  const problems = names.flatMap((name) => problemOf(name, environment[environmentNames[name]]));
  if (problems.length > 0) throw new Error(`environment variables: ${problems.join(', ')}`);
  const values = names.map((name) => [name, parse(name, environment[environmentNames[name]])]);
  return Object.fromEntries(values) as Config<Name>;
}

function problemOf(name: Setting, value: string | undefined): readonly string[] {
  if (!value) return includes(optional, name) ? [] : [`${environmentNames[name]} is missing`];
  if (name in choices && !choicesOf(name).includes(value)) {
    return [`${environmentNames[name]} is none of ${choicesOf(name).join(', ')}`];
  }
  if (!includes(wholeNumbers, name) || isWholeNumber(value)) return [];
  return [`${environmentNames[name]} is not a whole number above 0`];
}

function parse(name: Setting, value: string | undefined): string | number | undefined {
  if (!value) return undefined;
  return includes(wholeNumbers, name) ? Number(value) : value;
}

function choicesOf(name: Setting): readonly string[] {
  return (choices as Readonly<Partial<Record<Setting, readonly string[]>>>)[name] ?? [];
}

/** In decimal digits alone: what else `Number` reads nobody writes on purpose. */
function isWholeNumber(value: string): boolean {
  return /^[1-9]\d*$/.test(value) && Number.isSafeInteger(Number(value));
}

function includes(names: readonly Setting[], name: Setting): boolean {
  return names.includes(name);
}
