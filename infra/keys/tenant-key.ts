// The KMS key of the MAC over the list of tenants that are put at run time: one function makes MACs, the others verify them.
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { onlyThese } from '../only-these.ts';

type MacAction = 'GenerateMac' | 'VerifyMac';

export class TenantKey extends Construct {
  private readonly key: Key;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'Cambio: MAC over the list of tenants',
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      pendingWindow: Duration.days(30),
      // Without it nobody could tell whether the tenants in the table, which stays, are the administrators'.
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  get arn(): string {
    return this.key.keyArn;
  }

  /** Nobody else makes MACs, whatever IAM allows whom: whoever does says which tenants there are. */
  allowOnly(makers: readonly IRole[]): void {
    this.key.addToResourcePolicy(onlyThese('OnlyTenantsSeal', makers, ['kms:GenerateMac']));
  }

  statement(...actions: readonly MacAction[]): PolicyStatement {
    return new PolicyStatement({
      actions: actions.map((action) => `kms:${action}`),
      resources: [this.key.keyArn],
      conditions: { StringEquals: { 'kms:MacAlgorithm': 'HMAC_SHA_256' } },
    });
  }
}
