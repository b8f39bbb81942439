// What `cdk synth -c NAME=VALUE` gives the app. Pure.
import type { AwsClients } from '../shared/config.ts';
import type { ProvisionedFunctions } from './edge/provisioned-concurrency.ts';
import type { WebAclOptions } from './edge/web-acl.ts';
import type { SigningMode } from './keys/signing-keys.ts';
import type { Canary } from './probe/canary.ts';
import { PropsError } from './props-error.ts';
import type { RolloutSpeed } from './rollout/rollout-speed.ts';

/** A VPC that is there already, named so that nothing asks AWS about it. */
export interface GivenVpc {
  readonly vpcId: string;
  /** Private, with a way out; one or more in each availability zone. */
  readonly privateSubnetIds: readonly string[];
  readonly availabilityZones: readonly string[];
}

/** As the construct's property, in texts. */
export interface GivenMutualTls {
  readonly domainName: string;
  readonly certificateArn: string;
  readonly truststore?: string;
}

export interface AppContext {
  /** File or folder; the demonstration, without it. */
  readonly policy?: string;
  readonly vpc?: GivenVpc;
  readonly operators?: readonly string[];
  readonly awsClients?: AwsClients;
  readonly mtls?: GivenMutualTls;
  readonly canary?: Canary;
  readonly rollout?: RolloutSpeed;
  readonly staticDocuments?: boolean;
  readonly signing?: SigningMode;
  /** With `rollout` at once: the policy that serves now. */
  readonly deployed?: string;
  readonly webAcl?: WebAclOptions;
  readonly provisionedConcurrency?: ProvisionedFunctions;
  /** ARN of the version of a collector's layer. */
  readonly collector?: string;
  /** ARNs of topics of SNS. */
  readonly alarmTopic?: string;
  readonly warnTopic?: string;
}

/** @throws PropsError in one line */
export function readContext(find: (name: string) => unknown): AppContext {
  const text = (name: string): string | undefined => {
    const value = find(name);
    if (value === undefined || (typeof value === 'string' && value.trim() !== '')) return value?.trim();
    throw new PropsError(`-c ${name}= takes a text`);
  };
  const list = (name: string, comma: RegExp | string = ',') => {
    const items = text(name)?.split(comma);
    return items?.map((item) => item.trim());
  };
  // A comma may stand in a role's name.
  const [policy, operators] = [text('policy'), list('operators', /,(?=\s*arn:)/)];
  const vpc = givenVpc(text('vpcId'), list('subnetIds'), list('availabilityZones'));
  // Whether it is one, the construct says.
  const awsClients = text('awsClients') as AwsClients | undefined;
  const rollout = text('rollout') as RolloutSpeed | undefined;
  const deployed = text('deployed');
  const canary = givenCanary(list('canary'));
  const mtls = givenMutualTls(list('mtls'));
  const [webAcl, provisionedConcurrency] = [givenWebAcl(text('webAcl')), givenProvisioned(list('provisioned'))];
  const collector = arnOf('collector', text('collector'), /^arn:aws:lambda:[\w-]+:\d{12}:layer:[\w-]+:\d+$/);
  const topic = /^arn:aws:sns:[\w-]+:\d{12}:[\w-]+$/;
  const [alarmTopic, warnTopic] = ['alarmTopic', 'warnTopic'].map((name) => arnOf(name, text(name), topic));
  // Whether it is one, the construct says.
  const signing = text('signing') as SigningMode | undefined;
  const staticDocuments = text('staticDocuments');
  if (!['true', 'false', undefined].includes(staticDocuments)) {
    throw new PropsError('-c staticDocuments= takes true or false');
  }
  if ((rollout === 'at-once') !== (deployed !== undefined)) {
    const why = 'a policy may serve at once where it only takes away from the one that serves now';
    throw new PropsError(`-c rollout=at-once and -c deployed=POLICY go together: ${why}`);
  }
  return {
    ...(policy !== undefined && { policy }),
    ...(operators && { operators }),
    ...(vpc && { vpc }),
    ...(awsClients && { awsClients }),
    ...(mtls && { mtls }),
    ...(canary && { canary }),
    ...(rollout && { rollout }),
    ...(signing && { signing }),
    ...(staticDocuments !== undefined && { staticDocuments: staticDocuments === 'true' }),
    ...(deployed !== undefined && { deployed }),
    ...(webAcl && { webAcl }),
    ...(provisionedConcurrency && { provisionedConcurrency }),
    ...(collector !== undefined && { collector }),
    ...(alarmTopic !== undefined && { alarmTopic }),
    ...(warnTopic !== undefined && { warnTopic }),
  };
}

function givenWebAcl(mode: string | undefined): WebAclOptions | undefined {
  if (mode === undefined) return undefined;
  if (mode !== 'block' && mode !== 'count')
    throw new PropsError('-c webAcl= takes block, or count to block nothing yet');
  return mode === 'count' ? { countOnly: true } : {};
}

function givenProvisioned(items: readonly string[] | undefined): ProvisionedFunctions | undefined {
  if (!items) return undefined;
  const given = items.map((item) => {
    const [, name, executions] = /^([a-z]+):(\d+)$/.exec(item) ?? [];
    if (name === undefined)
      throw new PropsError('-c provisioned= takes token:N,introspect:N,revoke:N, or some of them');
    return [name, { executions: Number(executions) }] as const;
  });
  // Whether there is such a function, the construct says.
  return Object.fromEntries(given);
}

/** Nobody in another partition, and no name that would have to be looked up. */
function arnOf(name: string, arn: string | undefined, pattern: RegExp): string | undefined {
  if (arn === undefined || pattern.test(arn)) return arn;
  throw new PropsError(`-c ${name}= takes an ARN, and "${arn}" is none of its kind`);
}

function givenMutualTls(parts: readonly string[] | undefined): GivenMutualTls | undefined {
  if (!parts) return undefined;
  const [domainName, certificateArn, truststore, ...more] = parts;
  if (!domainName || truststore === '' || more.length > 0 || !/^arn:aws:acm:/.test(certificateArn ?? '')) {
    throw new PropsError(
      '-c mtls= takes NAME,CERTIFICATE and the trust store as a third: CERTIFICATE is an ARN of ACM',
    );
  }
  return { domainName, certificateArn: certificateArn ?? '', ...(truststore !== undefined && { truststore }) };
}

function givenCanary(names: readonly string[] | undefined): Canary | undefined {
  if (!names) return undefined;
  const [issuer, client, audience, roleName, ...more] = names;
  if (!issuer || !client || !audience || more.length > 0) {
    throw new PropsError('-c canary= takes ISSUER,CLIENT,AUDIENCE of the policy, and a name for the role as a fourth');
  }
  return { issuer, client, audience, ...(roleName !== undefined && { roleName }) };
}

function givenVpc(
  vpcId: string | undefined,
  subnetIds: readonly string[] | undefined,
  availabilityZones: readonly string[] | undefined,
): GivenVpc | undefined {
  if (vpcId === undefined && !subnetIds && !availabilityZones) return undefined;
  if (vpcId === undefined || !subnetIds || !availabilityZones) {
    throw new PropsError('a VPC takes all of -c vpcId=VPC -c subnetIds=SUBNET,… -c availabilityZones=ZONE,…');
  }
  if (subnetIds.length % availabilityZones.length !== 0) {
    const counts = `${subnetIds.length} subnets for ${availabilityZones.length} availability zones`;
    throw new PropsError(`${counts}: name the zone of each subnet, in their order`);
  }
  return { vpcId, privateSubnetIds: subnetIds, availabilityZones };
}
