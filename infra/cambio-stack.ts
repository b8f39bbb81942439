// The stack of this repository's own app: one TokenExchange, its outputs, and the guard of the demonstration policy.
import { CfnParameter, CfnRule, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { AppContext, GivenMutualTls, GivenVpc } from './app-context.ts';
import type { MutualTls } from './mtls/mutual-tls.ts';
import type { CompiledPolicyInput } from './resolve-policy.ts';
import { TokenExchange } from './token-exchange.ts';

type Given = Omit<AppContext, 'policy' | 'deployed'>;

export interface CambioStackProps extends StackProps, Readonly<{ [Name in keyof Given]?: Given[Name] | undefined }> {
  readonly policy: string | CompiledPolicyInput;
  /** The policy is the demonstration: deploying it takes a deliberate parameter. */
  readonly demonstration: boolean;
}

export class CambioStack extends Stack {
  constructor(scope: Construct, id: string, props: CambioStackProps) {
    const { policy, demonstration, vpc, operators, awsClients, rollout, canary, staticDocuments, signing, ...edge } =
      props;
    const { mtls, webAcl, provisionedConcurrency, collector, alarmTopic, warnTopic, ...stack } = edge;
    super(scope, id, {
      description: 'Cambio: OAuth 2.0 Token Exchange (RFC 8693)',
      // `iss` of every token is this stack's, for ever.
      terminationProtection: true,
      ...stack,
    });
    if (demonstration) this.guardDemonstration();
    const exchange = new TokenExchange(this, 'TokenExchange', {
      policy,
      ...(vpc && { vpc: importVpc(this, vpc) }),
      ...(operators && { operators }),
      ...(awsClients && { awsClients }),
      ...(rollout && { rollout }),
      ...(canary && { canary }),
      ...(mtls && { mtls: importMutualTls(this, mtls) }),
      ...(webAcl && { webAcl }),
      ...(provisionedConcurrency && { provisionedConcurrency }),
      ...(collector !== undefined && {
        tracing: { collector: LayerVersion.fromLayerVersionArn(this, 'Collector', collector) },
      }),
      ...((alarmTopic ?? warnTopic) !== undefined && {
        alarms: {
          ...(alarmTopic !== undefined && { topic: Topic.fromTopicArn(this, 'AlarmTopic', alarmTopic) }),
          ...(warnTopic !== undefined && { warnTopic: Topic.fromTopicArn(this, 'WarnTopic', warnTopic) }),
        },
      }),
      ...(signing && { signing }),
      ...(staticDocuments !== undefined && { staticDocuments }),
    });
    // By their names alone: the stack has one of each.
    for (const [name, output] of Object.entries(exchange.outputs)) output.overrideLogicalId(name);
  }

  private guardDemonstration(): void {
    const allowed = new CfnParameter(this, 'AllowDemonstrationPolicy', {
      type: 'String',
      allowedValues: ['true', 'false'],
      default: 'false',
      description: 'Deploy the demonstration policy, which trusts example issuers.',
    });
    new CfnRule(this, 'DemonstrationPolicy', {
      assertions: [
        {
          assert: Fn.conditionEquals(allowed.valueAsString, 'true'),
          assertDescription:
            'This is the demonstration policy. Deploy your own with -c policy=PATH, or set AllowDemonstrationPolicy to true.',
        },
      ],
    });
  }
}

function importMutualTls(scope: Construct, { domainName, certificateArn, truststore }: GivenMutualTls): MutualTls {
  const certificate = Certificate.fromCertificateArn(scope, 'MutualTlsCertificate', certificateArn);
  return { domain: { domainName, certificate }, ...(truststore !== undefined && { truststore }) };
}

/** By its ids alone: a look-up would ask AWS at synth. */
function importVpc(scope: Construct, { vpcId, privateSubnetIds, availabilityZones }: GivenVpc): IVpc {
  const zones = [...availabilityZones];
  return Vpc.fromVpcAttributes(scope, 'Vpc', {
    vpcId,
    availabilityZones: zones,
    privateSubnetIds: [...privateSubnetIds],
  });
}
