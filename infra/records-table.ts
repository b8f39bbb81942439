// The one table of records and who may touch which items of it. Every key begins with a tenant segment (empty without tenants).
import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { DecisionIndex } from '../shared/config.ts';

/** Keys of each kind of item as IAM patterns: `<tenant>#keyring`, `<tenant>#decision#<id>`. */
const itemKeys = {
  keyring: '*#keyring',
  policy: '*#policy',
  decision: '*#decision#*',
  used: '*#used#*',
  reference: '*#reference#*',
  statusSeries: '*#status-series#*',
  quota: '*#quota#*',
  nonce: '*#nonce#*',
  revoked: '*#revoked#*',
  suspended: '*#suspended#*',
  tenants: '*#tenants',
  tenant: '*#tenant#*',
} as const;

type ItemKind = keyof typeof itemKeys;
/** Only actions whose request always names a key: the leading-keys condition cannot be evaded with them. */
type KeyedAction = 'GetItem' | 'BatchGetItem' | 'PutItem' | 'UpdateItem';

/**
 * What Status Lists are computed from: tokens by their list, and the revocations in force. Sparse: other items have no
 * attribute of this name. It holds hashes and times only.
 */
const listedIndex = {
  indexName: 'listed',
  partitionKey: { name: 'listed', type: AttributeType.STRING },
  projectionType: ProjectionType.INCLUDE,
  nonKeyAttributes: ['statusIndex', 'revocationKeys', 'issuedBefore', 'expiresAt'],
};

/** The list of decisions: its parts hold the decisions of a minute, by time. */
const decidedIndex = {
  indexName: 'decided',
  partitionKey: { name: 'decided', type: AttributeType.STRING },
  sortKey: { name: 'at', type: AttributeType.NUMBER },
  projectionType: ProjectionType.INCLUDE,
  nonKeyAttributes: ['reason', 'expiresAt'],
};

export interface RecordsTableProps {
  readonly decisionIndex: DecisionIndex;
  /** Every change is in the table's stream for a day. */
  readonly hasStream: boolean;
  /** It goes with its stack. */
  readonly onTrial: boolean;
}

export class RecordsTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, { decisionIndex, hasStream, onTrial }: RecordsTableProps) {
    super(scope, id);
    // Of one Region, and at the price of any other: CloudFormation never turns another type of table into one that can have
    // replicas, and this one is to last.
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
      billing: Billing.onDemand(),
      // The AWS managed key: its use is in CloudTrail, it needs no grant, and DynamoDB caches it, so it costs no latency.
      encryption: TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: !onTrial,
      // After a failed first deployment too: deleting a protected table would fail, and the rollback with it.
      removalPolicy: RemovalPolicy.RETAIN,
      ...(hasStream && { dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES }),
      globalSecondaryIndexes: [listedIndex, ...(decisionIndex === 'none' ? [] : [decidedIndex])],
    });
  }

  get name(): string {
    return this.table.tableName;
  }

  /** @throws Error for a table without a stream */
  get streamArn(): string {
    if (this.table.tableStreamArn === undefined) throw new Error('the table of records has no stream');
    return this.table.tableStreamArn;
  }

  /**
   * Allows `actions` on items of these kinds and on nothing else in the table. One request may name items of several kinds only
   * where one statement has them all.
   */
  statement(kinds: ItemKind | readonly ItemKind[], actions: readonly KeyedAction[]): PolicyStatement {
    return new PolicyStatement({
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: [this.table.tableArn],
      conditions: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [kinds].flat().map((kind) => itemKeys[kind]) },
        // ForAllValues holds vacuously when the request carries no key at all.
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    });
  }

  /** Allows queries of the index that Status Lists are computed from, and nothing of the table. */
  listedStatement(): PolicyStatement {
    return this.queryStatement(listedIndex.indexName);
  }

  /** Allows queries of the list of decisions, and nothing of the table. */
  decidedStatement(): PolicyStatement {
    return this.queryStatement(decidedIndex.indexName);
  }

  /** Allows to read the whole table. */
  scanStatement(): PolicyStatement {
    return new PolicyStatement({ actions: ['dynamodb:Scan'], resources: [this.table.tableArn] });
  }

  private queryStatement(index: string): PolicyStatement {
    const resources = [`${this.table.tableArn}/index/${index}`];
    return new PolicyStatement({ actions: ['dynamodb:Query'], resources });
  }
}
