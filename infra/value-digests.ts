// Digests of what CloudFormation fills into the functions' environments at deploy. A version of a function is made when its
// template changes, which it does not where only a value becomes another; a digest in the version's description makes it.
import { CfnCustomResource, Duration, Token } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { EndpointFunction, type Settings } from './endpoints/endpoint-function.ts';

export interface ValueDigestsProps {
  readonly values: Settings;
  readonly logRetention: RetentionDays;
}

/** The digest of each value, as a token; nothing where no value waits for the deploy. */
export function digestValues(scope: Construct, { values, logRetention }: ValueDigestsProps): Settings {
  const atDeploy = Object.fromEntries(Object.entries(values).filter(([, value]) => Token.isUnresolved(value)));
  return Object.keys(atDeploy).length === 0
    ? {}
    : new ValueDigests(scope, 'ValueDigests', { values: atDeploy, logRetention }).digests;
}

class ValueDigests extends Construct {
  readonly digests: Settings;

  constructor(scope: Construct, id: string, { values, logRetention }: ValueDigestsProps) {
    super(scope, id);
    const digesting = new EndpointFunction(this, 'Digesting', {
      entry: 'value-digests',
      description: 'Cambio: digests of values known only at deploy',
      settings: {},
      timeout: Duration.seconds(30),
      logRetention,
    });
    const resource = new CfnCustomResource(this, 'Values', {
      serviceToken: digesting.function.functionArn,
      serviceTimeout: 120,
    });
    resource.addPropertyOverride('Values', values);
    resource.node.addDependency(digesting);
    this.digests = Object.fromEntries(Object.keys(values).map((name) => [name, resource.getAtt(name).toString()]));
  }
}
