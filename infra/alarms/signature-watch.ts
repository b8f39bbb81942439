// Who else signs with the keys of the keyring, or with that of the audit trail's heads, or opens keys that are sealed: CloudTrail's
// events of such calls by anybody but the functions, kept in a log group and counted by an alarm. Blind where no trail of the account records the events of KMS.
import { ArnFormat, Stack, Validations } from 'aws-cdk-lib';
import { CfnRule, EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnResourcePolicy, LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { chunksOf } from './alarm-definitions.ts';

export interface SignatureWatchProps {
  readonly watched: readonly Signing[];
  /** The function that knows the keys of the keyring, which rotation makes without the template. */
  readonly keys: IFunction;
  readonly logRetention: RetentionDays;
}

/** Keys of one use, and the roles of the functions that sign with them. */
export interface Signing {
  readonly use: string;
  readonly keys: readonly IKey[];
  readonly signers: readonly IRole[];
  /** Of KMS, by which they sign, or come by keys that sign: `Sign`, unless it is said. */
  readonly calls?: readonly string[];
}

/** EventBridge takes 2,048 characters for one pattern. */
const mostKeys = 8;

export class SignatureWatch extends Construct {
  /** Their metrics are named by them. */
  readonly ruleNames: readonly string[];

  constructor(scope: Construct, id: string, { watched, keys, logRetention }: SignatureWatchProps) {
    super(scope, id);
    const events = new LogGroup(this, 'Events', { retention: logRetention });
    const rules = watched.flatMap((signing) =>
      chunksOf(signing.keys, mostKeys).map((keys, at) => this.makeRule({ ...signing, keys }, events, at)),
    );
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
            Condition: { ArnEquals: { 'aws:SourceArn': rules.map(({ attrArn }) => attrArn) } },
          },
        ],
      }),
    });
    this.ruleNames = rules.map(({ ref }) => ref);
    this.hearOfOtherKeys(watched, keys);
    Validations.of(this).acknowledge({
      id: 'Serverless-EventBusDLQ',
      reason: 'The alarm counts what the rule hears, whether or not the log group got it; CloudTrail keeps the event.',
    });
  }

  /** Every signature of the account by others: the function says which of them are with a key of the keyring. */
  private hearOfOtherKeys(watched: readonly Signing[], keys: IFunction): void {
    const signers = watched.filter(({ calls }) => !calls).flatMap((each) => each.signers);
    const input = { resource: 'signature', detail: EventField.fromPath('$.detail') };
    const rule = new Rule(this, 'OtherKeysRule', {
      description: 'Cambio: somebody else than its functions signs with a key, which may be one that rotation made',
      eventPattern: patternOf(['Sign'], [...new Set(signers)]),
      targets: [new LambdaFunction(keys, { event: RuleTargetInput.fromObject(input) })],
    });
    (rule.node.defaultChild as CfnRule).state = allEvents;
  }

  private makeRule({ use, keys, signers, calls = ['Sign'] }: Signing, events: LogGroup, at: number): CfnRule {
    // The id, or an ARN that ends with it.
    const named = keys.map(({ keyId }) => ({ suffix: keyId }));
    return new CfnRule(this, `${use}Rule${at === 0 ? '' : at + 1}`, {
      description: `Cambio: somebody else than its functions signs, or tries to, with a key of theirs (${use})`,
      state: allEvents,
      eventPattern: patternOf(calls, signers, {
        $or: [
          // A call that was refused may name no resource, and a key is named in several ways.
          { requestParameters: { keyId: named } },
          ...(calls.includes('ReEncrypt') ? [{ requestParameters: { sourceKeyId: named } }] : []),
          // Of a call by an alias, anybody's, the request has the alias alone.
          { resources: { ARN: named } },
        ],
      }),
      targets: [{ id: 'Log', arn: arnOf(events) }],
    });
  }
}

/** These calls are read-only to CloudTrail: a rule that is merely enabled never hears of them. */
const allEvents = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

/** Calls of KMS by others than these. */
function patternOf(calls: readonly string[], signers: readonly IRole[], more: object = {}) {
  return {
    source: ['aws.kms'],
    'detail-type': ['AWS API Call via CloudTrail'],
    detail: {
      eventSource: ['kms.amazonaws.com'],
      eventName: [...calls],
      userIdentity: {
        $or: [
          { sessionContext: { sessionIssuer: { arn: [{ 'anything-but': signers.map(({ roleArn }) => roleArn) }] } } },
          // A user and the root have no session.
          { sessionContext: { sessionIssuer: { arn: [{ exists: false }] } } },
        ],
      },
      ...more,
    },
  };
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
