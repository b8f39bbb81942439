// The construct other CDK apps import: a policy in, an OAuth 2.0 token exchange out (RFC 8693).
import { Annotations, Aws, CfnRule, Duration, Fn, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type {
  CfnOIDCProvider,
  Grant,
  IGrantable,
  IManagedPolicy,
  IRole,
  PolicyStatement,
  Role,
} from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { AwsClients, DecisionIndex } from '../shared/config.ts';
import type { PolicyArtifact } from '../shared/policy/compiled-policy.ts';
import { keyPurposes } from '../shared/policy/key-purposes.ts';
import { grantAdmin } from './admin-grant.ts';
import type { AlarmOptions } from './alarms/alarms.ts';
import { deploymentName, metricsNamespace } from './alarms/namespace.ts';
import { Watch } from './alarms/watch.ts';
import { Api } from './api/api.ts';
import type { Domain } from './api/domain.ts';
import type { AuditOptions } from './audit/audit-options.ts';
import { AuditTrail } from './audit/audit-trail.ts';
import { checkProps, refuseOtherPartitions, requireVpc } from './check-props.ts';
import { Documents } from './documents/documents.ts';
import { DocumentsBucket } from './documents/documents-bucket.ts';
import { endpointsOf, type PrivateEndpoint, requireReach } from './edge/private-endpoint.ts';
import type { ProvisionedFunctions } from './edge/provisioned-concurrency.ts';
import { VpcEndpoints } from './edge/vpc-endpoints.ts';
import { WebAcl, type WebAclOptions } from './edge/web-acl.ts';
import { Endpoints, type ReservedConcurrency } from './endpoints/endpoints.ts';
import type { ServiceBudget } from './endpoints/service-budget.ts';
import type { TracingOptions } from './endpoints/tracing.ts';
import { IssuerDistribution } from './issuer-distribution.ts';
import { KeyRotation } from './keys/key-rotation.ts';
import { KeyringSeed } from './keys/keyring-seed.ts';
import { SigningKeys, type SigningMode } from './keys/signing-keys.ts';
import { TenantKey } from './keys/tenant-key.ts';
import {
  type MutualTls,
  MutualTlsDomain,
  mutualTlsName,
  type OwnMutualTls,
  trustStoreFor,
  warnOfNoCertificates,
} from './mtls/mutual-tls.ts';
import { type ExchangeOutputs, makeOutputs } from './outputs.ts';
import { policyValues } from './policy-values.ts';
import type { Canary, ProbeAlarms } from './probe/canary.ts';
import { Probe } from './probe/probe.ts';
import { PropsError } from './props-error.ts';
import { RecordsTable } from './records-table.ts';
import { type CompiledPolicyInput, resolvePolicy } from './resolve-policy.ts';
import { registerIssuer, requirePublicIssuer, roleStatements } from './roles/role-access.ts';
import { makeSessionRevocations } from './roles/session-revocations.ts';
import { letAssume, type Trusted } from './roles/trust.ts';
import { Rollout } from './rollout/rollout.ts';
import type { RolloutSpeed } from './rollout/rollout-speed.ts';
import { leaveNothing } from './trial.ts';
import { digestValues } from './value-digests.ts';

/** What a TokenExchange is made of: the policy alone, or more. */
export interface TokenExchangeProps {
  /** A policy file, a folder of them, or a policy compiled already. */
  readonly policy: string | CompiledPolicyInput;
  /** Issuer URLs from TypeScript, by the issuer's name; they may be known only at deploy. */
  readonly issuers?: Readonly<Record<string, { readonly url: string }>>;
  /** Roles from TypeScript, by the role's name in the policy; their ARNs may be known only at deploy. */
  readonly roles?: Readonly<Record<string, IRole>>;
  /** The API base; without it, the stage URL. */
  readonly domain?: Domain;
  /**
   * The stage's own URL goes on serving beside `domain`, and CloudFront fetches from it: for the deployments between the one
   * that adds a domain and the one after everybody has moved. Off by default.
   */
  readonly stageEndpoint?: boolean;
  /** The issuer; without it, the distribution's own domain name. The certificate must be in us-east-1. */
  readonly issuerDomain?: Domain;
  /**
   * CloudFront serves discovery and keys from a bucket, not from the functions. On by default; a stack that was made before it
   * existed is deployed once with `false`, which writes the documents and serves them as before.
   */
  readonly staticDocuments?: boolean;
  /**
   * A second name of the API, for callers with a certificate: clients with `tls_client_auth` or `self_signed_tls_client_auth`, and
   * audiences with `binding: mtls` (RFC 8705). API Gateway lets nobody in without one there.
   */
  readonly mtls?: MutualTls | OwnMutualTls;
  /** Where issuers with `network: private` are reached; it needs ways to KMS, DynamoDB, STS and the public issuers too. */
  readonly vpc?: IVpc;
  /**
   * Ways from `vpc` to KMS, STS and DynamoDB, for a VPC that has none. What else is in the VPC uses them from then on.
   */
  readonly vpcEndpoints?: true;
  /**
   * The API is not on the internet: VPC endpoints alone reach it, and `issuerDomain`, with a certificate of this Region, is its
   * only name. There is no CloudFront; the API serves the issuer's documents itself.
   */
  readonly privateEndpoint?: PrivateEndpoint;
  /** ARNs of the only roles that may call `/admin/*`, of this account or others; without it, whoever IAM lets invoke the API. */
  readonly operators?: readonly string[];
  /**
   * Executions kept free for each function that serves `/admin/*`, so that a flood of other requests cannot keep revocations
   * out; of an object `token` is for the token function, which then has no more either. Off by default: an account must keep
   * 100 unreserved, and a new one has 10 in all.
   */
  readonly reservedConcurrency?: number | ReservedConcurrency;
  /** What the token function may ask of KMS and STS in a second; by default four fifths of what AWS lets an account do. */
  readonly budget?: ServiceBudget;
  /**
   * Executions of `token`, `introspect` and `revoke` that are ready before there is a request, by a schedule if it has one. None
   * by default: they are paid for whether they are used or not.
   */
  readonly provisionedConcurrency?: ProvisionedFunctions;
  /**
   * AWS WAF in front of the API: managed rules and a rate for each address. `{}` has the defaults; without it there is none, and
   * one of your own can be attached to the stage.
   */
  readonly webAcl?: WebAclOptions;
  /** The most that sessions of revocable roles may do; by default everything but IAM, STS and organizations. */
  readonly sessionBoundary?: readonly PolicyStatement[];
  /** How long decisions and their traces are kept, at least a day; 30 days by default. */
  readonly decisionRetention?: Duration;
  /**
   * Where private keys are: `kms`, the default, signs each token in KMS; with `envelope` KMS is asked once when a function's
   * environment starts, and the key is in its memory.
   */
  readonly signing?: SigningMode;
  /** How long a signing key signs before its successor does, at least a day; 90 days by default, a day with `signing: 'envelope'`. */
  readonly keyRotation?: Duration;
  /**
   * Which decisions `GET /admin/decisions` lists: all by default. A listed decision is one more write. Refusals of callers
   * who are no client are listed within a budget.
   */
  readonly decisionIndex?: DecisionIndex;
  /**
   * The audit trail: every decision and every change of an administrator in a bucket with Object Lock, with signed heads. On by
   * default, but for a stack on trial; `false` makes none.
   */
  readonly audit?: AuditOptions | false;
  /** Of the functions' and the API's logs; three months by default. */
  readonly logRetention?: RetentionDays;
  /**
   * Makes the account's one role for API Gateway's logs, the default, unless the stack has one already; false where another stack
   * has made it.
   */
  readonly cloudWatchRole?: boolean;
  /**
   * Spans of each request in OpenTelemetry, to a collector that runs beside the functions. Off by default: a collector takes
   * memory, and time at a cold start.
   */
  readonly tracing?: TracingOptions;
  /** How the functions call KMS and DynamoDB: signed by hand, the default, or by the clients of the AWS SDK. */
  readonly awsClients?: AwsClients;
  /** Whether the functions' log lines carry metrics, for CloudWatch to count: they do by default. Nothing is watched without. */
  readonly metrics?: boolean;
  /** Who is told when something is wrong; without it the alarms are there and tell nobody, with `false` there are none. */
  readonly alarms?: AlarmOptions | false;
  /** Whether there are dashboards of its metrics: three, by default. */
  readonly dashboards?: boolean;
  /**
   * How requests move to a new version of the functions, which has the new policy in it: a tenth of them for five minutes and then
   * all (`canary`, the default), a tenth more each minute (`linear`), or `at-once`. Alarms take it back, except at once.
   */
  readonly rollout?: RolloutSpeed;
  /**
   * A function that asks the deployment each minute what its callers ask, and what must be refused; it needs an issuer, a client, an
   * audience and a rule in the policy. None by default.
   */
  readonly canary?: Canary;
  /** Alarms that take a new version back, beside those of the construct; at most four. */
  readonly rolloutAlarms?: readonly IAlarm[];
  /**
   * DESTROY for a stack on trial: it goes with all that it has, its issuer, keys, records and logs, and nothing protects it from
   * that. Without it, what others have written down of a deployment stays.
   */
  readonly removalPolicy?: RemovalPolicy.DESTROY;
}

/**
 * Issuer, API, functions, keys and records of one Cambio.
 * @throws PolicyError with every diagnostic when the policy does not compile
 * @throws PropsError in one line for props that cannot be deployed
 */
export class TokenExchange extends Construct {
  /** The issuer identifier: an https origin. */
  readonly issuer: string;
  /** Base of every route, without a trailing slash. */
  readonly apiBase: string;
  /** The table of records, as `records.table`. Who may write it can mint tokens. */
  readonly records: RecordsTable;
  /** The first signing keys, as `signingKeys.keys`. */
  readonly signingKeys: SigningKeys;
  /** The REST API, as `api.restApi`; with `domain`, `api.domainTarget` is where its DNS record has to point. */
  readonly api: Api;
  /** The name for callers with a certificate, where `mtls` has it made: `mutualTls.domainTarget` is where its DNS record has to point. */
  readonly mutualTls?: MutualTlsDomain;
  /** Assumes the policy's roles: their trust policies name it. */
  readonly tokenRole: IRole;
  /**
   * The issuer as IAM knows it, where a role is `via: web-identity`. IAM asks the issuer when it is made: where a DNS record of
   * `issuerDomain` or `domain` has to be there first, let this depend on it.
   */
  readonly oidcProvider?: CfnOIDCProvider;
  /** The permissions boundary that revocable roles of this account must have; where the policy has such roles. */
  readonly sessionBoundary?: IManagedPolicy;
  /** Writes the policies that end sessions: roles of other accounts trust it to. */
  readonly revocationsRole?: IRole;
  /** On what the probe finds; with `canary`. */
  readonly probeAlarms?: ProbeAlarms;
  /** What the stack puts out, by name: `Issuer`, `ApiBase`, `TokenEndpoint`, `RecordsTable`, `TokenRole`, … */
  readonly outputs: ExchangeOutputs;
  private readonly cloudFront: IssuerDistribution | undefined;
  private readonly trusted: Trusted;
  private readonly operators: readonly string[] | undefined;

  constructor(scope: Construct, id: string, props: TokenExchangeProps) {
    super(scope, id);
    refuseOtherPartitions(Stack.of(this).region);
    checkProps(props);
    const { mtls } = props;
    const { artifact: compiled, values, certificates = [] } = resolvePolicy(this, props);
    const trustStore = trustStoreFor(mtls, certificates);
    const artifact = { ...compiled, ...(trustStore?.authorities && { authorities: trustStore.authorities }) };
    refuseLocalPolicy(this, artifact);
    requireVpc(artifact, props.vpc);
    requirePublicIssuer(artifact, props.issuerDomain?.domainName);
    if (props.privateEndpoint) requireReach(artifact);
    warnOfOpenAdministration(this, props.operators, artifact);
    const { domain, stageEndpoint, operators, issuerDomain, vpc, reservedConcurrency, awsClients } = props;
    const { privateEndpoint } = props;
    if (!mtls) warnOfNoCertificates(this, artifact);
    const { signing = 'kms' } = props;
    const { keyRotation = Duration.days(signing === 'kms' ? 90 : 1) } = props;
    const { decisionRetention = Duration.days(30), logRetention = RetentionDays.THREE_MONTHS } = props;
    const { cloudWatchRole = true, decisionIndex = 'all', webAcl, provisionedConcurrency } = props;

    const namespace = props.metrics === false ? undefined : metricsNamespace(this);
    const onTrial = props.removalPolicy !== undefined;
    const { audit = onTrial ? false : {} } = props;
    this.records = new RecordsTable(this, 'Records', { decisionIndex, hasStream: audit !== false, onTrial });
    this.signingKeys = new SigningKeys(this, 'SigningKeys', { purposes: keyPurposes(artifact), signing });
    const { records, signingKeys } = this;
    const { keyring, role: seedRole } = new KeyringSeed(this, 'KeyringSeed', {
      ...{ signingKeys, records, policy: artifact, logRetention },
    });

    if (props.vpcEndpoints && vpc) new VpcEndpoints(this, 'VpcEndpoints', { vpc, traced: props.tracing !== undefined });
    const privately = privateEndpoint &&
      issuerDomain && { vpcEndpoints: endpointsOf(this, privateEndpoint, vpc), domain: issuerDomain };
    this.api = new Api(this, 'Api', { domain, privately, stageEndpoint, operators, logRetention, cloudWatchRole });
    // A bucket with something in it would keep a stack on trial from being deleted.
    const bucket = privately || onTrial ? undefined : new DocumentsBucket(this, 'DocumentsBucket');
    const { staticDocuments = true } = props;
    if (!privately) {
      const documents = staticDocuments ? bucket?.origin : undefined;
      this.cloudFront = new IssuerDistribution(this, 'Issuer', { api: this.api, domain: issuerDomain, documents });
    }
    this.issuer = this.cloudFront ? `https://${this.cloudFront.domainName}` : this.api.base;
    this.apiBase = this.api.base;
    const mtlsBase = mtls && `https://${mutualTlsName(mtls)}`;
    if (mtls && 'domain' in mtls && trustStore) {
      const { restApi } = this.api;
      this.mutualTls = new MutualTlsDomain(this, 'MutualTls', {
        domain: mtls.domain,
        restApi,
        trustStore,
        logRetention,
      });
    }
    const valuesJson = policyValues(this, values);
    const digests = digestValues(this, {
      values: {
        ...(valuesJson !== undefined && { policyValues: valuesJson }),
        // Only what is given: names of this construct's own resources stay as long as they do.
        ...(issuerDomain && { issuer: this.issuer }),
        ...((domain || privately) && { apiBase: this.apiBase }),
        ...(mtlsBase !== undefined && { mtlsBase }),
      },
      logRetention,
    });
    const written =
      bucket &&
      new Documents(this, 'Documents', {
        ...{ bucket, records, signingKeys, artifact, digests, awsClients, logRetention, keyring },
        policyValues: valuesJson,
        issuer: this.issuer,
        apiBase: this.apiBase,
        mtlsBase,
      });
    const trail =
      audit === false
        ? undefined
        : new AuditTrail(this, 'Audit', {
            ...{ options: audit, records, decisionIndex, digests, logRetention, awsClients },
            metricsNamespace: namespace,
            issuer: this.issuer,
          });
    const sessions = makeSessionRevocations(this, {
      ...{ artifact, values, digests, records, logRetention, awsClients },
      metricsNamespace: namespace,
      policyValues: valuesJson,
      roles: props.roles ?? {},
      boundary: props.sessionBoundary,
    });
    const endpoints = new Endpoints(this, 'Endpoints', {
      artifact,
      policyValues: valuesJson,
      digests,
      roleStatements: roleStatements({ artifact, values }),
      issuer: this.issuer,
      apiBase: this.apiBase,
      mtlsBase,
      records,
      signingKeys,
      documents: bucket,
      keyRotation,
      decisionRetention,
      decisionIndex,
      reservedConcurrency,
      budget: props.budget ?? {},
      provisionedConcurrency,
      tracing: props.tracing,
      logRetention,
      vpc,
      awsClients,
      metricsNamespace: namespace,
      sessionRevocations: sessions,
      tenantKey: artifact.tenants && new TenantKey(this, 'TenantKey'),
    });
    if (sessions) [this.sessionBoundary, this.revocationsRole] = [sessions.boundary, sessions.role];
    this.tokenRole = endpoints.tokenRole;
    signingKeys.allowOnly(endpoints.signersFor);
    const makers = [seedRole, endpoints.rotation.role];
    signingKeys.sealOnly(makers);
    if (written) bucket?.allowOnly([written.role, endpoints.rotation.role]);
    new KeyRotation(this, 'KeyRotation', endpoints.rotation.live);
    // A new version serves when its keys are in the keyring and published, and not before.
    const first = [keyring, ...(written ? [written.published] : [])];
    for (const { handler } of endpoints.routes) handler.node.addDependency(...first);
    this.api.serve(endpoints.routes);
    if (webAcl) new WebAcl(this, 'WebAcl', { ...webAcl, stage: this.api.restApi.deploymentStage, logRetention });
    const { functions, protocol: watched } = endpoints;
    const { rollout: speed = 'canary', rolloutAlarms = [], canary } = props;
    const probe =
      canary &&
      new Probe(this, 'Probe', {
        metricsNamespace: namespace,
        ...{ canary, artifact, digests, logRetention, issuer: this.issuer, apiBase: this.apiBase },
        // From elsewhere a private API is not reached; a public one is asked as others ask it.
        vpc: privateEndpoint && vpc,
      });
    if (probe) this.probeAlarms = probe.alarms;
    const watch =
      namespace === undefined
        ? undefined
        : new Watch(this, 'Watch', {
            ...{ namespace, endpoints, signingKeys, makers, sessions, logRetention },
            api: { name: this.api.restApi.restApiName, stage: this.api.stageName },
            trail,
            accessLogs: this.api.accessLogs,
            prefix: deploymentName(this),
            alarms: props.alarms ?? {},
            dashboards: props.dashboards ?? true,
          });
    const { topic }: AlarmOptions = props.alarms || {};
    if (topic) probe?.tell(topic);
    const alarms = [...(watch?.rolloutAlarms ?? []), ...(probe ? [probe.alarms.failing] : []), ...rolloutAlarms];
    new Rollout(this, 'Rollout', { speed, functions, watched, alarms });
    // The old origin goes when CloudFront fetches from the new one.
    if (domain && !stageEndpoint && this.cloudFront) {
      this.api.restApi.node.defaultChild?.node.addDependency(this.cloudFront.distribution);
    }
    const oidcProvider = registerIssuer(this, this.issuer, artifact);
    // IAM asks the issuer for its documents when it is registered: every route has to be there, and the stage.
    oidcProvider?.node.addDependency(...first, ...(this.cloudFront ? [this.cloudFront] : []), this.api);
    if (oidcProvider) this.oidcProvider = oidcProvider;
    const { issuer, apiBase, tokenRole } = this;
    this.trusted = { artifact, roles: props.roles ?? {}, issuer, tokenRole };
    this.operators = operators;
    this.outputs = makeOutputs(this, {
      Issuer: issuer,
      ApiBase: apiBase,
      MtlsBase: mtlsBase,
      TokenEndpoint: `${apiBase}/token`,
      RecordsTable: records.name,
      TokenRole: tokenRole.roleArn,
      ProbeRole: probe?.role.roleArn,
      SessionBoundary: sessions?.boundary.managedPolicyArn,
      RevocationsRole: sessions?.role.roleArn,
      TrailBucket: trail?.bucketName,
      TrailKey: trail?.headsKey.keyArn,
    });
    if (onTrial) leaveNothing(this);
  }

  /**
   * CloudFront in front of the issuer's documents, as `issuerDistribution.distribution`.
   * @throws PropsError with `privateEndpoint`: there is none
   */
  get issuerDistribution(): IssuerDistribution {
    if (this.cloudFront) return this.cloudFront;
    throw new PropsError('with privateEndpoint there is no issuerDistribution: CloudFront cannot reach the API');
  }

  /**
   * Lets this deployment make sessions of a role that the app makes and that is among `roles`: adds to the role's trust policy what
   * the rules that grant it need.
   * @throws PropsError where no rule grants it, or its trust policy cannot be written here
   */
  trust(role: Role): void {
    letAssume(role, this.trusted);
  }

  /**
   * Gives somebody the right to call `/admin/*`. It is IAM's; where the construct has `operators`, whoever is granted this has to be
   * one of them as well, and synth warns where that is not seen.
   */
  grantInvokeAdmin(grantee: IGrantable): Grant {
    return grantAdmin(this, grantee, { resourceArn: this.api.adminArn, operators: this.operators });
  }
}

/** Loopback issuers and stand-in keys would let anybody in: a template with them must not become a stack. */
function refuseLocalPolicy(scope: Construct, { local }: PolicyArtifact): void {
  if (!local) return;
  new CfnRule(scope, 'LocalPolicy', {
    assertions: [
      {
        // Never true. Rules are documented for values that CloudFormation looks up, not for two literals.
        assert: Fn.conditionEquals(Aws.REGION, 'local'),
        assertDescription:
          'This template was made for the local stack: its policy trusts loopback issuers or stand-in keys.',
      },
    ],
  });
}

/** Within an account the right to invoke any API is the right to revoke by this one. */
function warnOfOpenAdministration(scope: Construct, operators: readonly string[] | undefined, policy: PolicyArtifact) {
  if (operators || policy.local) return;
  const text = 'whoever IAM lets invoke this API may revoke and read decisions: name the roles that may in "operators"';
  Annotations.of(scope).addWarningV2('cambio:operators', text);
}
