// The construct other CDK apps import: a policy in, an OAuth 2.0 token exchange out (RFC 8693).
import { Aws, CfnRule, Duration, Fn } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { IManagedPolicy, IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { AwsClients } from '../shared/config.ts';
import type { PolicyArtifact } from '../shared/policy/compiled-policy.ts';
import { Api, type Domain } from './api.ts';
import { Endpoints } from './endpoints.ts';
import { IssuerDistribution } from './issuer-distribution.ts';
import { KeyringSeed } from './keyring-seed.ts';
import { policyValues } from './policy-values.ts';
import { RecordsTable } from './records-table.ts';
import { type CompiledPolicyInput, resolvePolicy } from './resolve-policy.ts';
import { registerIssuer, requirePublicIssuer, roleStatements } from './role-access.ts';
import { makeSessionRevocations } from './session-revocations.ts';
import { SigningKeys } from './signing-keys.ts';
import { digestValues } from './value-digests.ts';

export interface TokenExchangeProps {
  /** A policy file, a folder of them, or a policy compiled already. */
  readonly policy: string | CompiledPolicyInput;
  /** Issuer URLs from TypeScript, by the issuer's name; they may be known only at deploy. */
  readonly issuers?: Readonly<Record<string, { readonly url: string }>>;
  /** Roles from TypeScript, by the role's name in the policy; their ARNs may be known only at deploy. */
  readonly roles?: Readonly<Record<string, IRole>>;
  /** The API base; without it, the stage URL. */
  readonly domain?: Domain;
  /** The issuer; without it, the distribution's own domain name. The certificate must be in us-east-1. */
  readonly issuerDomain?: Domain;
  /** Where issuers with `network: private` are reached; it needs ways to KMS, DynamoDB, STS and the public issuers too. */
  readonly vpc?: IVpc;
  /** The most that sessions of revocable roles may do; by default everything but IAM, STS and organizations. */
  readonly sessionBoundary?: readonly PolicyStatement[];
  /** How long decisions and their traces are kept, at least a day; 30 days by default. */
  readonly decisionRetention?: Duration;
  /** Of the functions' and the API's logs; three months by default. */
  readonly logRetention?: RetentionDays;
  /** Makes the account's one role for API Gateway's logs, the default; false where another stack has made it. */
  readonly cloudWatchRole?: boolean;
  /** How the functions call KMS and DynamoDB: signed by hand, the default, or by the clients of the AWS SDK. */
  readonly awsClients?: AwsClients;
}

/**
 * Issuer, API, functions, keys and records of one Cambio.
 * @throws PolicyError with every diagnostic when the policy does not compile
 */
export class TokenExchange extends Construct {
  /** The issuer identifier: an https origin. */
  readonly issuer: string;
  /** Base of every route, without a trailing slash. */
  readonly apiBase: string;
  readonly records: RecordsTable;
  readonly signingKeys: SigningKeys;
  readonly api: Api;
  readonly issuerDistribution: IssuerDistribution;
  /** Assumes the policy's roles: their trust policies name it. */
  readonly tokenRole: IRole;
  /** The permissions boundary that revocable roles of this account must have; where the policy has such roles. */
  readonly sessionBoundary?: IManagedPolicy;
  /** Writes the policies that end sessions: roles of other accounts trust it to. */
  readonly revocationsRole?: IRole;

  constructor(scope: Construct, id: string, props: TokenExchangeProps) {
    super(scope, id);
    const { artifact, values } = resolvePolicy(this, props);
    refuseLocalPolicy(this, artifact);
    requireVpc(artifact, props.vpc);
    requirePublicIssuer(artifact, props.issuerDomain?.domainName);
    requireKnownClients(props.awsClients);
    const { domain, issuerDomain, vpc, awsClients } = props;
    const { logRetention = RetentionDays.THREE_MONTHS, cloudWatchRole = true } = props;
    const decisionRetention = requireDay(props.decisionRetention ?? Duration.days(30));

    this.records = new RecordsTable(this, 'Records');
    this.signingKeys = new SigningKeys(this, 'SigningKeys', { algorithms: algorithmsOf(artifact) });
    const { records, signingKeys } = this;
    const { keyring } = new KeyringSeed(this, 'KeyringSeed', { signingKeys, records, logRetention });

    this.api = new Api(this, 'Api', { domain, logRetention, cloudWatchRole });
    this.issuerDistribution = new IssuerDistribution(this, 'Issuer', { api: this.api, domain: issuerDomain });
    this.issuer = `https://${this.issuerDistribution.domainName}`;
    this.apiBase = this.api.base;
    const valuesJson = policyValues(this, values);
    const digests = digestValues(this, {
      values: {
        ...(valuesJson !== undefined && { policyValues: valuesJson }),
        // Only what is given: names of this construct's own resources stay as long as they do.
        ...(issuerDomain && { issuer: this.issuer }),
        ...(domain && { apiBase: this.apiBase }),
      },
      logRetention,
    });
    const sessions = makeSessionRevocations(this, {
      ...{ artifact, values, digests, records, logRetention, awsClients },
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
      records,
      signingKeys,
      decisionRetention,
      logRetention,
      vpc,
      awsClients,
      sessionRevocations: sessions,
    });
    if (sessions) [this.sessionBoundary, this.revocationsRole] = [sessions.boundary, sessions.role];
    this.tokenRole = endpoints.tokenRole;
    signingKeys.allowOnly(endpoints.signers);
    // IAM asks the issuer for its certificate when it is registered.
    registerIssuer(this, this.issuer, artifact)?.node.addDependency(this.issuerDistribution);
    // A new version serves when its keys are in the keyring, and not before.
    for (const { handler } of endpoints.routes) handler.node.addDependency(keyring);
    this.api.serve(endpoints.routes);
  }
}

/** Algorithms its audiences' tokens are signed with. */
function algorithmsOf({ audiences }: PolicyArtifact) {
  return Object.values(audiences).map(({ alg }) => alg);
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

/** A decision is the record of its token, too: it has to outlive every token. */
function requireDay(retention: Duration): Duration {
  if (retention.toDays({ integral: false }) >= 1) return retention;
  throw new Error('decisionRetention must be at least a day');
}

/** What JavaScript or the context of the app says may be anything. */
function requireKnownClients(clients: string | undefined): void {
  if (clients === undefined || clients === 'direct' || clients === 'sdk') return;
  throw new Error('awsClients must be direct or sdk');
}

function requireVpc({ issuers }: PolicyArtifact, vpc: IVpc | undefined): void {
  const names = Object.values(issuers).flatMap(({ name, network }) => (network === 'private' ? [name] : []));
  if (names.length === 0 || vpc) return;
  throw new Error(`issuers with network: private need the construct's vpc: ${names.join(', ')}`);
}
