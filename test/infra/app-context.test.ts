import { expect, test } from 'vitest';
import { readContext } from '../../infra/app-context.ts';

const read = (context: Readonly<Record<string, unknown>>) => readContext((name) => context[name]);
const vpc = { vpcId: 'vpc-1', subnetIds: 'subnet-1, subnet-2', availabilityZones: 'eu-west-1a,eu-west-1b' };

test('names a policy, a VPC that is there and operators, whose names may hold commas', () => {
  expect(read({})).toEqual({});
  expect(read({ policy: 'p.yaml', ...vpc })).toEqual({
    policy: 'p.yaml',
    vpc: {
      vpcId: 'vpc-1',
      privateSubnetIds: ['subnet-1', 'subnet-2'],
      availabilityZones: ['eu-west-1a', 'eu-west-1b'],
    },
  });
  const operators = 'arn:aws:iam::111122223333:role/a,b, arn:aws:iam::999999999999:role/c';
  expect(read({ operators }).operators).toEqual([
    'arn:aws:iam::111122223333:role/a,b',
    'arn:aws:iam::999999999999:role/c',
  ]);
});

test('a VPC that is not whole, and a value that is no text, are said in one line', () => {
  for (const name of ['vpcId', 'subnetIds', 'availabilityZones']) {
    expect(() => read({ ...vpc, [name]: undefined })).toThrow(/^a VPC takes all of -c vpcId=[^\n]*$/);
  }
  expect(() => read({ ...vpc, subnetIds: 'subnet-1' })).toThrow('1 subnets for 2 availability zones');
  expect(() => read({ policy: true })).toThrow('-c policy= takes a text');
  expect(() => read({ operators: ' ' })).toThrow('-c operators= takes a text');
});

test('documents come from the bucket or from the functions', () => {
  expect(read({ staticDocuments: 'false' })).toEqual({ staticDocuments: false });
  expect(read({ staticDocuments: 'true' })).toEqual({ staticDocuments: true });
  expect(() => read({ staticDocuments: 'no' })).toThrow('-c staticDocuments= takes true or false');
});

test('a policy serves at once only where the one that serves now is named beside it', () => {
  expect(read({ rollout: 'linear' })).toEqual({ rollout: 'linear' });
  expect(read({ rollout: 'at-once', deployed: 'old.yaml' })).toEqual({ rollout: 'at-once', deployed: 'old.yaml' });
  for (const half of [{ rollout: 'at-once' }, { deployed: 'old.yaml' }, { rollout: 'canary', deployed: 'old.yaml' }]) {
    expect(() => read(half)).toThrow('-c rollout=at-once and -c deployed=POLICY go together');
  }
});

test('names a domain with mutual TLS, its certificate and what it trusts, if that is not the policy’s own alone', () => {
  const arn = 'arn:aws:acm:eu-west-1:111122223333:certificate/a';
  const mtls = { domainName: 'mtls.acme.example', certificateArn: arn };
  expect(read({ mtls: `mtls.acme.example,${arn}` })).toEqual({ mtls });
  expect(read({ mtls: `mtls.acme.example, ${arn}, clients.pem` })).toEqual({
    mtls: { ...mtls, truststore: 'clients.pem' },
  });
  for (const half of ['mtls.acme.example', `,${arn}`, 'mtls.acme.example,clients.pem', `a,${arn},`, `a,${arn},b,c`]) {
    expect(() => read({ mtls: half })).toThrow('-c mtls= takes NAME,CERTIFICATE');
  }
});

test('names a web ACL, executions kept ready, a collector and topics for alarms', () => {
  const arns = {
    collector: 'arn:aws:lambda:eu-west-1:901920570463:layer:aws-otel-collector-arm64-ver-0-117-0:1',
    alarmTopic: 'arn:aws:sns:eu-west-1:111122223333:on-call',
    warnTopic: 'arn:aws:sns:eu-west-1:111122223333:team',
  };
  expect(read({ webAcl: 'block', provisioned: 'token:5, revoke:1', ...arns })).toEqual({
    webAcl: {},
    provisionedConcurrency: { token: { executions: 5 }, revoke: { executions: 1 } },
    ...arns,
  });
  expect(read({ webAcl: 'count' })).toEqual({ webAcl: { countOnly: true } });
  expect(() => read({ webAcl: 'true' })).toThrow('-c webAcl= takes block, or count');
  expect(() => read({ provisioned: 'token' })).toThrow('-c provisioned= takes token:N,introspect:N,revoke:N');
  for (const [name, arn] of Object.entries(arns)) {
    const other = name === 'collector' ? arns.alarmTopic : arns.collector;
    expect(() => read({ [name]: other })).toThrow(`-c ${name}= takes an ARN, and "${other}" is none of its kind`);
    expect(read({ [name]: arn })).toEqual({ [name]: arn });
  }
});
