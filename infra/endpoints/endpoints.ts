// The function of each endpoint, and the routes they serve.
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { type Alias, CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { AwsClients } from '../../shared/config.ts';
import type { Route } from '../api/api.ts';
import { type ProvisionedFunctions, provision } from '../edge/provisioned-concurrency.ts';
import type { Signers } from '../keys/signing-keys.ts';
import {
  adminRevocationsPart,
  decisionsPart,
  discoveryPart,
  type EndpointPart,
  eventsPart,
  introspectPart,
  jwksPart,
  keysPart,
  type PartsProps,
  revokePart,
  statusListsPart,
  suspensionsPart,
  tenantsPart,
  tokenPart,
} from './endpoint-definitions.ts';
import { EndpointFunction, type Settings } from './endpoint-function.ts';
import type { TracingOptions } from './tracing.ts';

/** Executions kept free for functions. */
export interface ReservedConcurrency {
  /** For each that serves `/admin/*`. */
  readonly admin?: number;
  /** For the token function, and the most it has. */
  readonly token?: number;
}

export interface EndpointsProps extends PartsProps {
  readonly reservedConcurrency: number | ReservedConcurrency | undefined;
  readonly provisionedConcurrency: ProvisionedFunctions | undefined;
  readonly tracing: TracingOptions | undefined;
  /** Of settings whose values only CloudFormation knows. */
  readonly digests: Settings;
  readonly logRetention: RetentionDays;
  readonly vpc: IVpc | undefined;
  readonly awsClients: AwsClients | undefined;
  /** CloudWatch namespace of the functions' metrics, where they make any. */
  readonly metricsNamespace: string | undefined;
}

/** Reading is GET and HEAD (RFC 9110 §9.1: the two methods every resource with a representation has). */
const read = ['GET', 'HEAD'];

export class Endpoints extends Construct {
  readonly routes: readonly Route[];
  /** Whose functions they are. */
  readonly functions: readonly EndpointFunction[];
  /** Those that most callers meet, and that share what they store. */
  readonly protocol: readonly EndpointFunction[];
  /** Of the token function: it is who assumes the policy's roles. */
  readonly tokenRole: IRole;
  /** Whose keys are whose, under any policy: a key that rotation makes keeps its key policy, whatever the policy becomes. */
  readonly signersFor: Signers;
  /** Serves the JWK Set. */
  readonly keySet: Alias;
  /** Makes and ends signing keys. */
  readonly rotation: EndpointFunction;
  private readonly made: EndpointFunction[] = [];

  constructor(scope: Construct, id: string, props: EndpointsProps) {
    super(scope, id);
    const tokens = this.make('Token', tokenPart(props), props);
    const { live: token, role } = tokens;
    // The roles it assumes trust it by name, in accounts of others too.
    role.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    this.tokenRole = role;
    const introspections = this.make('Introspect', introspectPart(props), props);
    const revoking = this.make('Revoke', revokePart(props), props);
    this.protocol = [tokens, introspections, revoking];
    const [introspect, revoke] = [introspections.live, revoking.live];
    acknowledgeSigning(this);
    const discovery = this.make('Discovery', discoveryPart(props), props).live;
    const jwks = this.make('Jwks', jwksPart(props), props).live;
    this.keySet = jwks;
    const decisions = this.make('Decisions', decisionsPart(props), props).live;
    const revocations = this.make('AdminRevocations', adminRevocationsPart(props), props).live;
    const suspensions = this.make('Suspensions', suspensionsPart(props), props).live;
    const listing = this.make('StatusLists', statusListsPart(props), props);
    const statusLists = listing.live;
    this.signersFor = {
      token: [role],
      answer: [role, introspections.role, revoking.role],
      status: [listing.role],
      session: [role],
    };
    const rotating = this.make('Keys', keysPart(props, this.signersFor), props);
    this.rotation = rotating;
    const keys = rotating.live;
    const events = this.make('Events', eventsPart(props), props).live;
    const administering = props.tenantKey && this.make('Tenants', tenantsPart(props, props.tenantKey), props);
    if (administering) props.tenantKey?.allowOnly([administering.role]);
    const tenants = administering?.live;
    this.functions = this.made;
    this.routes = [
      { path: '/token', methods: ['POST'], handler: token },
      // Not HEAD: the answer is made for whoever reads it.
      { path: '/credentials', methods: ['GET'], handler: token },
      { path: '/introspect', methods: ['POST'], handler: introspect },
      { path: '/revoke', methods: ['POST'], handler: revoke },
      { path: '/.well-known/oauth-authorization-server', methods: read, handler: discovery },
      { path: '/.well-known/openid-configuration', methods: read, handler: discovery },
      { path: '/.well-known/jwks.json', methods: read, handler: jwks },
      ...(props.decisionIndex === 'none'
        ? []
        : [{ path: '/admin/decisions', methods: read, handler: decisions, iam: true } as const]),
      { path: '/admin/decisions/{decision_id}', methods: read, handler: decisions, iam: true },
      { path: '/status-lists/{id}', methods: read, handler: statusLists },
      { path: '/events', methods: ['POST'], handler: events },
      { path: '/admin/revocations', methods: ['POST'], handler: revocations, iam: true },
      { path: '/admin/keys', methods: read, handler: keys, iam: true },
      { path: '/admin/keys/rotate', methods: ['POST'], handler: keys, iam: true },
      { path: '/admin/keys/{kid}/revoke', methods: ['POST'], handler: keys, iam: true },
      { path: '/admin/suspensions', methods: read, handler: suspensions, iam: true },
      { path: '/admin/suspensions/{kind}/{name+}', methods: ['PUT', 'DELETE'], handler: suspensions, iam: true },
      ...(tenants
        ? [{ path: '/admin/tenants/{name}', methods: [...read, 'PUT', 'DELETE'], handler: tenants, iam: true } as const]
        : []),
    ];
    const { reservedConcurrency } = props;
    const reserved = typeof reservedConcurrency === 'number' ? { admin: reservedConcurrency } : reservedConcurrency;
    for (const { handler, iam } of this.routes) if (iam) reserve(handler, reserved?.admin);
    reserve(token, reserved?.token);
    const { provisionedConcurrency = {} } = props;
    for (const [name, live] of Object.entries({ token, introspect, revoke })) {
      const kept = provisionedConcurrency[name as keyof ProvisionedFunctions];
      if (kept) provision(live, kept);
    }
  }

  private make(id: string, part: EndpointPart, props: EndpointsProps): EndpointFunction {
    const { artifact, digests, logRetention, vpc, tracing, awsClients, metricsNamespace } = props;
    const { entry, route, seconds, settings, statements = [] } = part;
    const made = new EndpointFunction(this, id, {
      entry,
      description: `Cambio: ${route}`,
      settings: {
        ...settings,
        ...(settings.recordsTable && awsClients && { awsClients }),
        ...(metricsNamespace && { metrics: metricsNamespace }),
      },
      digests,
      statements,
      timeout: Duration.seconds(seconds),
      logRetention,
      ...(part.withPolicy && { policy: artifact }),
      ...(part.callsIssuers && { vpc }),
      ...(part.decides && { tracing }),
    });
    this.made.push(made);
    return made;
  }
}

/** However busy the others are, so many executions are left for this function. */
function reserve(handler: Alias, executions: number | undefined): void {
  const { defaultChild } = handler.lambda.node;
  if (executions === undefined || !(defaultChild instanceof CfnFunction)) return;
  defaultChild.reservedConcurrentExecutions = executions;
}

function acknowledgeSigning(scope: Construct): void {
  Validations.of(scope).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/*]',
    reason:
      'Rotation makes keys at run time: the right to sign hangs on the keyring tag and the algorithm, not on ARNs.',
  });
}
