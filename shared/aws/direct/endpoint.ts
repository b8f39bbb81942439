// Where a service is: what the environment names, else the service's own endpoint in the region, with FIPS and dual-stack
// variants. The SDK's standard variables, read as the SDK reads them. Pure.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Endpoint {
  readonly url: URL;
  readonly region: string;
}

/** Of a partition: its regions, and the suffixes of its hosts, the second for IPv6 too. */
const partitions: readonly (readonly [regions: RegExp, suffix: string, dualStack: string])[] = [
  [/^cn-/, 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  [/^eusc-/, 'amazonaws.eu', 'api.amazonwebservices.eu'],
  [/^us-iso-/, 'c2s.ic.gov', 'api.aws.ic.gov'],
  [/^us-isob-/, 'sc2s.sgov.gov', 'api.aws.scloud'],
  [/^eu-isoe-/, 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  [/^us-isof-/, 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
  [/^/, 'amazonaws.com', 'api.aws'],
];

/** @throws Error when the region is missing, or what is asked for cannot be had together */
export function endpointOf(service: 'dynamodb' | 'kms' | 'sts', environment: Environment): Endpoint {
  const { AWS_REGION: region } = environment;
  if (!region || !/^[a-z\d-]{1,63}$/.test(region)) throw new Error('AWS_REGION is missing or no region');
  const [isFips, isDualStack] = ['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'].map((name) =>
    isTrue(name, environment),
  );
  const named = namedEndpoint(service, environment);
  if (named) {
    if (isFips || isDualStack) throw new Error('an endpoint of its own is neither the FIPS nor the dual-stack one');
    return { url: new URL(named), region };
  }
  const [, suffix = '', dualStack = ''] = partitions.find(([regions]) => regions.test(region)) ?? [];
  // The endpoints of DynamoDB and STS in GovCloud are validated all of them, and have no second name.
  const isFipsAnyway = service !== 'kms' && !isDualStack && region.startsWith('us-gov-');
  const host = isFips && !isFipsAnyway ? `${service}-fips` : service;
  return { url: new URL(`https://${host}.${region}.${isDualStack ? dualStack : suffix}/`), region };
}

function namedEndpoint(service: string, environment: Environment): string | undefined {
  if (isTrue('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', environment)) return undefined;
  return environment[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] || environment['AWS_ENDPOINT_URL'] || undefined;
}

function isTrue(name: string, environment: Environment): boolean {
  const value = environment[name]?.toLowerCase() || 'false';
  if (value !== 'true' && value !== 'false') throw new Error(`${name} must be true or false`);
  return value === 'true';
}
