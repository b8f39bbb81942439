// Where DynamoDB, KMS and STS are: in every region and variant the SDK has the same answer.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { STSClient } from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import { endpointOf } from '../../../../shared/aws/direct/endpoint.ts';

const region = 'x-y-1';
const sdk = {
  dynamodb: new DynamoDBClient({ region }),
  kms: new KMSClient({ region }),
  sts: new STSClient({ region }),
};
const regions = [
  ...['us-east-1', 'eu-west-1', 'ap-southeast-7', 'mx-central-1', 'xx-new-1', 'cn-north-1', 'cn-northwest-1'],
  ...[
    'us-gov-west-1',
    'us-gov-east-1',
    'us-iso-east-1',
    'us-isob-east-1',
    'eu-isoe-west-1',
    'us-isof-south-1',
    'eusc-de-east-1',
  ],
];
const variants = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

describe.each(['dynamodb', 'kms', 'sts'] as const)('%s', (service) => {
  test.each(variants)('has the endpoints of the SDK: FIPS %s, dual-stack %s', (UseFIPS, UseDualStack) => {
    for (const region of regions) {
      const environment = {
        AWS_REGION: region,
        AWS_USE_FIPS_ENDPOINT: String(UseFIPS),
        ...(UseDualStack && { AWS_USE_DUALSTACK_ENDPOINT: 'TRUE' }),
      };
      const theirs = sdk[service].config.endpointProvider({ Region: region, UseFIPS, UseDualStack }).url;
      expect(endpointOf(service, environment)).toEqual({ url: new URL(theirs), region });
    }
  });

  test('is where the environment says: a variable of its own, then the one of all services', () => {
    const own = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
    const at = (environment: Readonly<Record<string, string>>) =>
      endpointOf(service, { AWS_REGION: 'eu-west-1', ...environment }).url.href;
    expect(at({ AWS_ENDPOINT_URL: 'http://127.0.0.1:8000' })).toBe('http://127.0.0.1:8000/');
    expect(at({ AWS_ENDPOINT_URL: 'http://127.0.0.1:8000', [own]: 'https://vpce-1.example/x' })).toBe(
      'https://vpce-1.example/x',
    );
    const ignored = { [own]: 'http://127.0.0.1:8000', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' };
    expect(at(ignored)).toBe(`https://${service}.eu-west-1.amazonaws.com/`);
    expect(at({ [own]: '', AWS_ENDPOINT_URL: '' })).toBe(`https://${service}.eu-west-1.amazonaws.com/`);
  });
});

test.each<[string, Readonly<Record<string, string>>, string]>([
  ['no region', { AWS_REGION: '' }, 'AWS_REGION is missing'],
  ['a region that is a host', { AWS_REGION: 'evil.example/' }, 'AWS_REGION is missing or no region'],
  ['a switch that is neither on nor off', { AWS_USE_FIPS_ENDPOINT: 'yes' }, 'AWS_USE_FIPS_ENDPOINT must be'],
  [
    'FIPS at an endpoint of its own',
    { AWS_USE_FIPS_ENDPOINT: 'true', AWS_ENDPOINT_URL: 'http://x' },
    'neither the FIPS',
  ],
  ['dual-stack likewise', { AWS_USE_DUALSTACK_ENDPOINT: 'true', AWS_ENDPOINT_URL_KMS: 'http://x' }, 'neither the FIPS'],
])('%s stops the cold start', (_what, changes, message) => {
  const environment = { AWS_REGION: 'eu-west-1' };
  expect(() => endpointOf('kms', { ...environment, ...changes })).toThrow(message);
  expect(endpointOf('kms', environment).region).toBe('eu-west-1');
});
