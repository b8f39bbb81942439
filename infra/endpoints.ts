// The function of each endpoint with exactly the settings and rights it needs, and the routes they serve.
import { Duration, Validations } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
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
  /** What the token function may do at STS. */
  readonly roleStatements: readonly PolicyStatement[];
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
  /** Of the token function: it is who assumes the policy's roles. */
  readonly tokenRole: IRole;

  constructor(scope: Construct, id: string, props: EndpointsProps) {
    super(scope, id);
    const { live: token, role } = this.token(props);
    this.tokenRole = role;
    acknowledgeSigning(this);
    const discovery = this.discovery(props).live;
    const jwks = this.jwks(props).live;
    const decisions = this.decisions(props).live;
    this.routes = [
      { path: '/token', methods: ['POST'], handler: token },
      // Not HEAD: the answer is made for whoever reads it.
      { path: '/credentials', methods: ['GET'], handler: token },
      { path: '/.well-known/oauth-authorization-server', methods: read, handler: discovery },
      { path: '/.well-known/openid-configuration', methods: read, handler: discovery },
      { path: '/.well-known/jwks.json', methods: read, handler: jwks },
      { path: '/admin/decisions/{decision_id}', methods: read, handler: decisions, iam: true },
    ];
  }

  private token({ artifact, signingKeys, records, logRetention, vpc, ...props }: EndpointsProps): EndpointFunction {
    return new EndpointFunction(this, 'Token', {
      entry: 'token',
      description: 'Cambio: POST /token and GET /credentials',
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
        ...neededStatements(artifact, records),
        ...props.roleStatements,
      ],
      timeout: Duration.seconds(10),
      logRetention,
      // The only function that calls issuers.
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

/** Rights that only some policies need. */
function neededStatements({ clients, audiences }: PolicyArtifact, records: RecordsTable): readonly PolicyStatement[] {
  const hasAssertions = Object.values(clients).some(({ auth }) => auth.method === 'private_key_jwt');
  const hasReferences = Object.values(audiences).some(({ format }) => format === 'reference');
  return [
    ...(hasAssertions ? [records.statement('used', ['PutItem', 'DeleteItem'])] : []),
    ...(hasReferences ? [records.statement('reference', ['PutItem'])] : []),
  ];
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
