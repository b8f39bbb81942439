// The function of each endpoint with exactly the settings and rights it needs, and the routes they serve.
import { Duration, Validations } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { PolicyArtifact } from '../shared/policy/compiled-policy.ts';
import type { Route } from './api.ts';
import type { FunctionEntry } from './bundle.ts';
import { EndpointFunction, type Settings } from './endpoint-function.ts';
import {
  asksUpstream,
  assertionStatements,
  hasEvents,
  hasStatus,
  referenceStatements,
  revokeStatements,
  useStatements,
} from './endpoint-rights.ts';
import type { RecordsTable } from './records-table.ts';
import type { SessionRevocations } from './session-revocations.ts';
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
  /** Ends sessions of AWS roles, where some are revocable. */
  readonly sessionRevocations: SessionRevocations | undefined;
}

/** Reading is GET and HEAD (RFC 9110 §9.1: the two methods every resource with a representation has). */
const read = ['GET', 'HEAD'];

interface EndpointPart {
  readonly entry: FunctionEntry;
  readonly route: string;
  readonly seconds: number;
  readonly settings: Settings;
  readonly statements?: readonly PolicyStatement[];
  readonly withPolicy?: boolean;
  /** It fetches keys from issuers and clients. */
  readonly callsIssuers?: boolean;
}

export class Endpoints extends Construct {
  readonly routes: readonly Route[];
  /** Of the token function: it is who assumes the policy's roles. */
  readonly tokenRole: IRole;

  constructor(scope: Construct, id: string, props: EndpointsProps) {
    super(scope, id);
    const { live: token, role } = this.token(props);
    this.tokenRole = role;
    const introspect = this.introspect(props).live;
    const revoke = this.revoke(props).live;
    acknowledgeSigning(this);
    const discovery = this.discovery(props).live;
    const jwks = this.jwks(props).live;
    const decisions = this.decisions(props).live;
    const revocations = this.adminRevocations(props).live;
    const statusLists = this.statusLists(props).live;
    const events = this.events(props).live;
    this.routes = [
      { path: '/token', methods: ['POST'], handler: token },
      // Not HEAD: the answer is made for whoever reads it.
      { path: '/credentials', methods: ['GET'], handler: token },
      { path: '/introspect', methods: ['POST'], handler: introspect },
      { path: '/revoke', methods: ['POST'], handler: revoke },
      { path: '/.well-known/oauth-authorization-server', methods: read, handler: discovery },
      { path: '/.well-known/openid-configuration', methods: read, handler: discovery },
      { path: '/.well-known/jwks.json', methods: read, handler: jwks },
      { path: '/admin/decisions/{decision_id}', methods: read, handler: decisions, iam: true },
      { path: '/status-lists/{id}', methods: read, handler: statusLists },
      { path: '/events', methods: ['POST'], handler: events },
      { path: '/admin/revocations', methods: ['POST'], handler: revocations, iam: true },
    ];
  }

  private token(props: EndpointsProps): EndpointFunction {
    const { artifact, signingKeys, records, roleStatements } = props;
    return this.make('Token', props, {
      ...deciding(props, 'token', 'POST /token and GET /credentials'),
      statements: [
        signingKeys.signStatement(),
        records.statement('keyring', ['GetItem']),
        records.statement('decision', ['PutItem']),
        records.statement('revoked', ['BatchGetItem']),
        ...useStatements(artifact, records),
        ...referenceStatements(artifact, records, 'written'),
        ...(hasStatus(artifact) ? [records.statement('statusSeries', ['UpdateItem'])] : []),
        ...roleStatements,
      ],
    });
  }

  private introspect(props: EndpointsProps): EndpointFunction {
    const { artifact, signingKeys, records } = props;
    return this.make('Introspect', props, {
      ...deciding(props, 'introspect', 'POST /introspect'),
      statements: [
        // RFC 9701 §6: the algorithm of signed answers unless a client registers another.
        signingKeys.signStatement({ algorithms: ['RS256'] }),
        records.statement('keyring', ['GetItem']),
        records.statement('decision', ['PutItem']),
        records.statement('revoked', ['BatchGetItem']),
        ...assertionStatements(artifact, records),
        ...referenceStatements(artifact, records, 'read'),
      ],
    });
  }

  private revoke(props: EndpointsProps): EndpointFunction {
    const { artifact, signingKeys, records } = props;
    return this.make('Revoke', props, {
      ...deciding(props, 'revoke', 'POST /revoke'),
      statements: [
        records.statement('keyring', ['GetItem']),
        records.statement('decision', ['PutItem']),
        ...revokeStatements(artifact, records),
        ...(asksUpstream(artifact) ? [signingKeys.signStatement({ algorithms: ['RS256'] })] : []),
        ...assertionStatements(artifact, records),
        ...referenceStatements(artifact, records, 'read'),
      ],
    });
  }

  private adminRevocations(props: EndpointsProps): EndpointFunction {
    const { records, sessionRevocations } = props;
    return this.make('AdminRevocations', props, {
      entry: 'admin-revocations',
      route: 'POST /admin/revocations',
      seconds: 10,
      withPolicy: true,
      settings: {
        recordsTable: records.name,
        ...valuesOf(props),
        ...(sessionRevocations && { sessionRevocations: sessionRevocations.functionArn }),
      },
      statements: [
        records.statement('revoked', ['PutItem']),
        records.statement('decision', ['GetItem']),
        ...(sessionRevocations ? [sessionRevocations.invokeStatement()] : []),
      ],
    });
  }

  private discovery(props: EndpointsProps): EndpointFunction {
    return this.make('Discovery', props, {
      entry: 'discovery',
      route: 'server metadata',
      seconds: 5,
      withPolicy: true,
      settings: { issuer: props.issuer, apiBase: props.apiBase, ...valuesOf(props) },
    });
  }

  private decisions(props: EndpointsProps): EndpointFunction {
    const { records } = props;
    return this.make('Decisions', props, {
      entry: 'decisions',
      route: 'GET /admin/decisions/{decision_id}',
      seconds: 10,
      settings: { recordsTable: records.name },
      statements: [records.statement('decision', ['GetItem'])],
    });
  }

  private jwks(props: EndpointsProps): EndpointFunction {
    const { records } = props;
    return this.make('Jwks', props, {
      entry: 'jwks',
      route: 'GET /.well-known/jwks.json',
      seconds: 5,
      settings: { recordsTable: records.name },
      statements: [records.statement('keyring', ['GetItem'])],
    });
  }

  /** Signs lists where some audience has them; everywhere else there is none, and it has no rights. */
  private statusLists({ artifact, signingKeys, records, ...props }: EndpointsProps): EndpointFunction {
    const statements = [
      signingKeys.signStatement(),
      records.statement('keyring', ['GetItem']),
      records.statement('statusSeries', ['GetItem']),
      records.listedStatement(),
    ];
    return this.make(
      'StatusLists',
      { artifact, signingKeys, records, ...props },
      {
        entry: 'status-lists',
        route: 'GET /status-lists/{id}',
        seconds: 10,
        settings: { issuer: props.issuer, recordsTable: records.name },
        statements: hasStatus(artifact) ? statements : [records.statement('statusSeries', ['GetItem'])],
      },
    );
  }

  private events(props: EndpointsProps): EndpointFunction {
    const { artifact, records } = props;
    const statements = [
      records.statement('revoked', ['PutItem']),
      records.statement('used', ['PutItem', 'UpdateItem']),
    ];
    return this.make('Events', props, {
      entry: 'events',
      route: 'POST /events',
      seconds: 10,
      withPolicy: true,
      callsIssuers: true,
      settings: { recordsTable: records.name, ...valuesOf(props) },
      statements: hasEvents(artifact) ? statements : [],
    });
  }

  private make(id: string, { artifact, logRetention, vpc }: EndpointsProps, part: EndpointPart): EndpointFunction {
    const { entry, route, seconds, settings, statements = [] } = part;
    return new EndpointFunction(this, id, {
      entry,
      description: `Cambio: ${route}`,
      settings,
      statements,
      timeout: Duration.seconds(seconds),
      logRetention,
      ...(part.withPolicy && { policy: artifact }),
      ...(part.callsIssuers && { vpc }),
    });
  }
}

/** An endpoint that authenticates callers and keeps decisions. */
function deciding(props: EndpointsProps, entry: FunctionEntry, route: string) {
  const decisionRetention = String(props.decisionRetention.toSeconds());
  const settings = { issuer: props.issuer, recordsTable: props.records.name, decisionRetention, ...valuesOf(props) };
  return { entry, route, seconds: 10, withPolicy: true, callsIssuers: true, settings } as const;
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
