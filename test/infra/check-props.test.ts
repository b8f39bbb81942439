import { App, Duration, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { expect, test } from 'vitest';
import { type CheckedProps, checkProps, refuseOtherPartitions } from '../../infra/check-props.ts';
import { PropsError } from '../../infra/props-error.ts';

const arn = 'arn:aws:acm:us-east-1:111122223333:certificate/a';
const certificate = Certificate.fromCertificateArn(new Stack(new App({ analyticsReporting: false })), 'C', arn);
const domain = (domainName: string) => ({ domainName, certificate });
const refusal = (props: CheckedProps): string => {
  try {
    checkProps(props);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(PropsError);
    return (error as PropsError).message;
  }
};

test('one name is not for both the API and the issuer, however it is written', () => {
  const names = { domain: domain('sts.acme.example'), issuerDomain: domain('STS.acme.example') };
  expect(refusal(names)).toMatch(/^domain and issuerDomain are both sts\.acme\.example: [^\n]*$/);
  expect(refusal({ ...names, issuerDomain: domain('id.acme.example') })).toBe('');
  expect(refusal({ domain: domain('sts.acme.example') })).toBe('');
});

test('the stage’s endpoint is kept beside a domain, and only then', () => {
  expect(refusal({ stageEndpoint: true })).toContain('stageEndpoint');
  expect(refusal({ stageEndpoint: true, domain: domain('sts.acme.example') })).toBe('');
});

test('operators are roles, not sessions of roles, users or patterns', () => {
  const of = (...operators: readonly string[]) => refusal({ operators });
  expect(of('arn:aws:iam::111122223333:role/ops', 'arn:aws:iam::999999999999:role/a/b')).toBe('');
  expect(of()).toBe('');
  for (const stranger of [
    'arn:aws:iam::111122223333:role/*',
    'arn:aws:iam::111122223333:user/me',
    'arn:aws:sts::111122223333:assumed-role/ops/me',
    '*',
  ]) {
    expect(of('arn:aws:iam::111122223333:role/ops', stranger)).toContain(`"${stranger}" is none`);
  }
});

test('something is reserved, or nothing is said; decisions are kept a day or longer', () => {
  expect(refusal({ reservedConcurrency: 1 })).toBe('');
  expect(refusal({ reservedConcurrency: { token: 10 } })).toBe('');
  expect(refusal({ reservedConcurrency: { token: 0 } })).toContain('whole number');
  expect(refusal({ reservedConcurrency: { tokens: 1 } as object })).toContain(
    'for admin and token, and not for "tokens"',
  );
  expect(refusal({ budget: { signatures: 1, sessions: 1 } })).toBe('');
  expect(refusal({ budget: { signatures: 0 } })).toContain('signatures is a whole number above zero');
  expect(refusal({ budget: { keys: 1 } as object })).toContain('of signatures and sessions, and not of "keys"');
  for (const reservedConcurrency of [0, -1, 1.5]) expect(refusal({ reservedConcurrency })).toContain('whole number');
  expect(refusal({ decisionRetention: Duration.days(1) })).toBe('');
  expect(refusal({ decisionRetention: Duration.hours(23) })).toBe('decisionRetention must be at least a day');
});

test('documents lie in a bucket where there is CloudFront to serve them, and nothing that has to go with its stack', () => {
  expect(refusal({ staticDocuments: true })).toBe('');
  expect(refusal({ staticDocuments: false, removalPolicy: 'destroy' })).toBe('');
  expect(refusal({ staticDocuments: true, removalPolicy: 'destroy' })).toMatch(/^staticDocuments are not .* on trial/);
  const privately = { privateEndpoint: {}, staticDocuments: true } as unknown as CheckedProps;
  expect(refusal(privately)).toMatch(/^staticDocuments are not .* privateEndpoint/);
});

test('tracing needs a collector, and configures that alone', () => {
  const stack = new Stack(new App({ analyticsReporting: false }));
  const layer = 'arn:aws:lambda:eu-west-1:901920570463:layer:collector:1';
  const collector = LayerVersion.fromLayerVersionArn(stack, 'Collector', layer);
  const of = (environment: Record<string, string>) => refusal({ tracing: { collector, environment } });
  expect(of({})).toBe('');
  expect(of({ OPENTELEMETRY_COLLECTOR_CONFIG_URI: 'file:/opt/a.yaml', OTEL_RESOURCE_ATTRIBUTES: 'a=b' })).toBe('');
  for (const name of ['ISSUER', 'NODE_OPTIONS', 'AWS_LAMBDA_EXEC_WRAPPER', 'otel_x']) {
    expect(of({ [name]: 'x' })).toContain(`has "${name}"`);
  }
  expect(of({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.acme.example' })).toContain('the collector beside them');
  expect(refusal({ tracing: {} } as CheckedProps)).toContain('tracing needs a collector');
});

test('other partitions are refused in one line where the Region is known', () => {
  for (const region of ['cn-north-1', 'us-gov-west-1', 'us-iso-east-1']) {
    expect(() => refuseOtherPartitions(region)).toThrow(new RegExp(`^${region} is in the partition aws-[^\\n]*$`));
  }
  for (const region of ['eu-west-1', 'mx-central-1', undefined, new Stack().region]) refuseOtherPartitions(region);
});
