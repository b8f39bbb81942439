// Who else signs with the keys of the keyring: CloudTrail's events of `kms:Sign` by anybody but the functions, kept in a log group
// and counted by an alarm. Blind where no trail of the account records the events of KMS.
import { ArnFormat, Stack, Validations } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { CfnResourcePolicy, LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { SigningKeys } from '../signing-keys.ts';

export interface SignatureWatchProps {
  readonly signingKeys: SigningKeys;
  /** Roles of the functions that sign. */
  readonly signers: readonly IRole[];
  readonly logRetention: RetentionDays;
}

export class SignatureWatch extends Construct {
  /** Its metrics are named by it. */
  readonly ruleName: string;

  constructor(scope: Construct, id: string, { signingKeys, signers, logRetention }: SignatureWatchProps) {
    super(scope, id);
    const events = new LogGroup(this, 'Events', { retention: logRetention });
    const keys = signingKeys.keys.map(({ key }) => key);
    const byOthers = [
      { sessionContext: { sessionIssuer: { arn: [{ 'anything-but': signers.map(({ roleArn }) => roleArn) }] } } },
      // A user and the root have no session.
      { sessionContext: { sessionIssuer: { arn: [{ exists: false }] } } },
    ];
    const withKeys = [
      // A call that was refused may name no resource, and a key is named in several ways.
      { requestParameters: { keyId: keys.flatMap(({ keyId, keyArn }) => [keyId, keyArn]) } },
      // Of a call by an alias, anybody's, the request has the alias alone.
      { resources: { ARN: keys.map(({ keyArn }) => keyArn) } },
    ];
    const rule = new CfnRule(this, 'Rule', {
      description: 'Cambio: somebody else than its functions signs, or tries to, with a key of the keyring',
      // Sign is read-only to CloudTrail: a rule that is merely enabled never hears of it.
      state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      eventPattern: {
        source: ['aws.kms'],
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['kms.amazonaws.com'],
          eventName: ['Sign'],
          $or: byOthers.flatMap((userIdentity) => withKeys.map((key) => ({ userIdentity, ...key }))),
        },
      },
      targets: [{ id: 'Log', arn: arnOf(events) }],
    });
    new CfnResourcePolicy(this, 'Writers', {
      policyName: `${this.node.addr}-events`,
      policyDocument: Stack.of(this).toJsonString({
        Version: '2012-10-17',
        Statement: [
          { ...delivering, Action: 'logs:CreateLogStream', Resource: events.logGroupArn },
          {
            ...delivering,
            Action: 'logs:PutLogEvents',
            Resource: events.logGroupArn,
            Condition: { ArnEquals: { 'aws:SourceArn': rule.attrArn } },
          },
        ],
      }),
    });
    this.ruleName = rule.ref;
    Validations.of(this).acknowledge({
      id: 'Serverless-EventBusDLQ',
      reason: 'The alarm counts what the rule hears, whether or not the log group got it; CloudTrail keeps the event.',
    });
  }
}

const delivering = {
  Effect: 'Allow',
  Principal: { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] },
};

/** As EventBridge names a log group: without the `:*` of its streams. */
function arnOf(logGroup: LogGroup): string {
  return Stack.of(logGroup).formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: logGroup.logGroupName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
