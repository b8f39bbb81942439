// The one table of records and who may touch which items of it. Every key begins with a tenant segment (empty without tenants).
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

/** Keys of each kind of item as IAM patterns: `<tenant>#keyring`, `<tenant>#decision#<id>`. */
const itemKeys = {
  keyring: '*#keyring',
  decision: '*#decision#*',
  used: '*#used#*',
  reference: '*#reference#*',
  revoked: '*#revoked#*',
} as const;

type ItemKind = keyof typeof itemKeys;
/** Only actions whose request always names a key: the leading-keys condition cannot be evaded with them. */
type KeyedAction = 'GetItem' | 'BatchGetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem';

export class RecordsTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
      billingMode: BillingMode.PAY_PER_REQUEST,
      // The AWS managed key: its use is in CloudTrail, it needs no grant, and DynamoDB caches it, so it costs no latency.
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      // After a failed first deployment too: deleting a protected table would fail, and the rollback with it.
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  get name(): string {
    return this.table.tableName;
  }

  /** Allows `actions` on items of one kind and on nothing else in the table. */
  statement(kind: ItemKind, actions: readonly KeyedAction[]): PolicyStatement {
    return new PolicyStatement({
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: [this.table.tableArn],
      conditions: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [itemKeys[kind]] },
        // ForAllValues holds vacuously when the request carries no key at all.
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    });
  }
}
