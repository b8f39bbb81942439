// The function of each endpoint with exactly the settings and rights it needs, and the routes they serve.
import { Duration, Validations } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { PolicyArtifact } from '../shared/policy/compiled-policy.ts';
import type { Route } from './api.ts';
import { EndpointFunction, type Settings } from './endpoint-function.ts';
import type { RecordsTable } from './records-table.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface EndpointsProps {
  readonly artifact: PolicyArtifact;
  /** JSON of the values for the artifact's holes, when it has any. */
  readonly policyValues: string | undefined;
  readonly issuer: string;
  readonly apiBase: string;
  readonly records: RecordsTable;
  readonly signingKeys: SigningKeys;
  /** How long decisions are kept. */
  readonly decisionRetention: Duration;
  readonly logRetention: RetentionDays;
  readonly vpc: IVpc | undefined;
}

/** Reading is GET and HEAD (RFC 9110 §9.1: the two methods every resource with a representation has). */
const read = ['GET', 'HEAD'];

export class Endpoints extends Construct {
  readonly routes: readonly Route[];

  constructor(scope: Construct, id: string, props: EndpointsProps) {
    super(scope, id);
    const token = this.token(props).live;
    acknowledgeSigning(this);
    const discovery = this.discovery(props).live;
    const jwks = this.jwks(props).live;
    const decisions = this.decisions(props).live;
    const statusLists = this.statusLists(props).live;
    const events = this.events(props).live;
    this.routes = [
      { path: '/token', methods: ['POST'], handler: token },
      { path: '/.well-known/oauth-authorization-server', methods: read, handler: discovery },
      { path: '/.well-known/openid-configuration', methods: read, handler: discovery },
      { path: '/.well-known/jwks.json', methods: read, handler: jwks },
      { path: '/admin/decisions/{decision_id}', methods: read, handler: decisions, iam: true },
      { path: '/status-lists/{id}', methods: read, handler: statusLists },
      { path: '/events', methods: ['POST'], handler: events },
    ];
  }

  private token({ artifact, signingKeys, records, logRetention, vpc, ...props }: EndpointsProps): EndpointFunction {
    return new EndpointFunction(this, 'Token', {
      entry: 'token',
      description: 'Cambio: POST /token',
      policy: artifact,
      settings: {
        issuer: props.issuer,
        recordsTable: records.name,
        decisionRetention: String(props.decisionRetention.toSeconds()),
        ...valuesOf(props),
      },
      statements: [
        signingKeys.signStatement(),
        records.statement('keyring', ['GetItem']),
        records.statement('decision', ['PutItem']),
        records.statement('revoked', ['BatchGetItem']),
        ...neededStatements(artifact, records),
      ],
      timeout: Duration.seconds(10),
      logRetention,
      // It calls issuers.
      vpc,
    });
  }

  private discovery({ artifact, logRetention, ...props }: EndpointsProps): EndpointFunction {
    return new EndpointFunction(this, 'Discovery', {
      entry: 'discovery',
      description: 'Cambio: server metadata',
      policy: artifact,
      settings: { issuer: props.issuer, apiBase: props.apiBase, ...valuesOf(props) },
      timeout: Duration.seconds(5),
      logRetention,
    });
  }

  private decisions({ records, logRetention }: EndpointsProps): EndpointFunction {
    return new EndpointFunction(this, 'Decisions', {
      entry: 'decisions',
      description: 'Cambio: GET /admin/decisions/{decision_id}',
      settings: { recordsTable: records.name },
      statements: [records.statement('decision', ['GetItem'])],
      timeout: Duration.seconds(10),
      logRetention,
    });
  }

  /** Signs lists where some audience has them; everywhere else there is none, and it has no rights. */
  private statusLists({ artifact, issuer, signingKeys, records, logRetention }: EndpointsProps): EndpointFunction {
    const statements = [
      signingKeys.signStatement(),
      records.statement('keyring', ['GetItem']),
      records.statement('statusSeries', ['GetItem']),
      records.listedStatement(),
    ];
    return new EndpointFunction(this, 'StatusLists', {
      entry: 'status-lists',
      description: 'Cambio: GET /status-lists/{id}',
      settings: { issuer, recordsTable: records.name },
      statements: hasStatus(artifact) ? statements : [records.statement('statusSeries', ['GetItem'])],
      timeout: Duration.seconds(10),
      logRetention,
    });
  }

  private events({ artifact, records, logRetention, vpc, ...props }: EndpointsProps): EndpointFunction {
    const statements = [
      records.statement('revoked', ['PutItem']),
      records.statement('used', ['PutItem', 'DeleteItem']),
    ];
    return new EndpointFunction(this, 'Events', {
      entry: 'events',
      description: 'Cambio: POST /events',
      policy: artifact,
      settings: { recordsTable: records.name, ...valuesOf(props) },
      statements: hasEvents(artifact) ? statements : [],
      timeout: Duration.seconds(10),
      logRetention,
      // It fetches the keys of issuers, as the token function does.
      vpc,
    });
  }

  private jwks({ records, logRetention }: EndpointsProps): EndpointFunction {
    return new EndpointFunction(this, 'Jwks', {
      entry: 'jwks',
      description: 'Cambio: GET /.well-known/jwks.json',
      settings: { recordsTable: records.name },
      statements: [records.statement('keyring', ['GetItem'])],
      timeout: Duration.seconds(5),
      logRetention,
    });
  }
}

function hasStatus({ audiences }: PolicyArtifact): boolean {
  return Object.values(audiences).some(({ status }) => status === true);
}

function hasEvents({ issuers }: PolicyArtifact): boolean {
  return Object.values(issuers).some(({ events }) => events !== undefined);
}

/** Rights that only some policies need. */
function neededStatements(policy: PolicyArtifact, records: RecordsTable): readonly PolicyStatement[] {
  return [
    ...useStatements(policy, records),
    ...(hasReferences(policy) ? [records.statement('reference', ['PutItem'])] : []),
    ...(hasStatus(policy) ? [records.statement('statusSeries', ['UpdateItem'])] : []),
  ];
}

/** Where an assertion or a token may be used once. */
function useStatements({ clients, issuers }: PolicyArtifact, records: RecordsTable): readonly PolicyStatement[] {
  const hasAssertions = Object.values(clients).some(({ auth }) => auth.method === 'private_key_jwt');
  const hasSingleUse = Object.values(issuers).some(({ singleUse }) => singleUse);
  return hasAssertions || hasSingleUse ? [records.statement('used', ['PutItem', 'UpdateItem', 'DeleteItem'])] : [];
}

function hasReferences({ audiences }: PolicyArtifact): boolean {
  return Object.values(audiences).some(({ format }) => format === 'reference');
}

function valuesOf({ policyValues }: Pick<EndpointsProps, 'policyValues'>): Settings {
  return policyValues === undefined ? {} : { policyValues };
}

function acknowledgeSigning(scope: Construct): void {
  Validations.of(scope).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/*]',
    reason:
      'Rotation makes keys at run time: the right to sign hangs on the keyring tag and the algorithm, not on ARNs.',
  });
}
