// What is wrong with the props of a TokenExchange, before anything is made of them. Pure.
import { type Duration, Token } from 'aws-cdk-lib';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import type { PolicyArtifact } from '../shared/policy/compiled-policy.ts';
import { parseRoleArn } from '../shared/policy/role-arn.ts';
import { type AuditOptions, checkAudit } from './audit/audit-options.ts';
import { type CheckedPrivateProps, checkPrivateEndpoint } from './edge/private-endpoint.ts';
import { checkProvisioned, type ProvisionedFunctions } from './edge/provisioned-concurrency.ts';
import { checkWebAcl, type WebAclOptions } from './edge/web-acl.ts';
import type { ReservedConcurrency } from './endpoints/endpoints.ts';
import { checkBudget, type ServiceBudget } from './endpoints/service-budget.ts';
import { checkTracing, type TracingOptions } from './endpoints/tracing.ts';
import { type CheckedMutualTlsProps, checkMutualTls } from './mtls/mutual-tls.ts';
import { PropsError } from './props-error.ts';
import { rolloutSpeeds } from './rollout/rollout-speed.ts';

export interface CheckedProps extends CheckedPrivateProps, Pick<CheckedMutualTlsProps, 'mtls'> {
  readonly stageEndpoint?: boolean | undefined;
  readonly reservedConcurrency?: number | ReservedConcurrency | undefined;
  readonly budget?: ServiceBudget | undefined;
  readonly decisionRetention?: Duration | undefined;
  readonly keyRotation?: Duration | undefined;
  readonly signing?: string | undefined;
  readonly awsClients?: string | undefined;
  readonly decisionIndex?: string | undefined;
  readonly rollout?: string | undefined;
  readonly canary?: object | undefined;
  readonly removalPolicy?: string | undefined;
  readonly metrics?: boolean | undefined;
  readonly alarms?:
    | { readonly leastRequests?: number | undefined; readonly runbooks?: string | undefined }
    | false
    | undefined;
  readonly vpcEndpoints?: boolean | undefined;
  readonly staticDocuments?: boolean | undefined;
  readonly tracing?: TracingOptions | undefined;
  readonly audit?: AuditOptions | false | undefined;
  readonly webAcl?: WebAclOptions | undefined;
  readonly provisionedConcurrency?: ProvisionedFunctions | undefined;
}

/** @throws PropsError */
export function checkProps(props: CheckedProps): void {
  const { domain, issuerDomain, stageEndpoint, operators = [], reservedConcurrency, decisionRetention } = props;
  if (domain && domain.domainName.toLowerCase() === issuerDomain?.domainName.toLowerCase()) {
    const why = 'one is of API Gateway, the other of CloudFront, and a name leads to one of them';
    throw new PropsError(`domain and issuerDomain are both ${domain.domainName}: ${why}`);
  }
  if (stageEndpoint !== undefined && !domain) throw new PropsError('stageEndpoint is for an API with a domain');
  const stranger = operators.find((arn) => !Token.isUnresolved(arn) && !parseRoleArn(arn));
  if (stranger !== undefined) throw new PropsError(`operators are ARNs of IAM roles, and "${stranger}" is none`);
  const reserved = typeof reservedConcurrency === 'object' ? reservedConcurrency : { admin: reservedConcurrency };
  const stray = Object.keys(reserved).find((name) => !['admin', 'token'].includes(name));
  if (stray !== undefined) throw new PropsError(`reservedConcurrency is for admin and token, and not for "${stray}"`);
  const counts = Object.values(reserved).filter((count) => count !== undefined);
  if (!counts.every((count) => Number.isInteger(count) && count > 0)) {
    throw new PropsError(
      'reservedConcurrency is a whole number above zero: with none the administrators were kept out',
    );
  }
  checkBudget(props.budget ?? {});
  checkWatching(props);
  // JavaScript, and the context of the app, may say anything.
  if (!['direct', 'sdk', undefined].includes(props.awsClients)) {
    throw new PropsError('awsClients must be direct or sdk');
  }
  if (!['all', 'refusals', 'none', undefined].includes(props.decisionIndex)) {
    throw new PropsError('decisionIndex must be all, refusals or none');
  }
  if (props.canary && props.privateEndpoint && !props.vpc) {
    throw new PropsError('canary with privateEndpoint needs vpc: from elsewhere the API is not reached');
  }
  if (props.rollout !== undefined && !rolloutSpeeds.includes(props.rollout)) {
    throw new PropsError('rollout must be canary, linear or at-once');
  }
  if (!['destroy', undefined].includes(props.removalPolicy)) {
    throw new PropsError('removalPolicy is DESTROY, for a stack on trial, or nothing');
  }
  // A decision is the record of its token, too: it has to outlive every token.
  if (!['kms', 'envelope', undefined].includes(props.signing)) throw new PropsError('signing must be kms or envelope');
  const { keyRotation } = props;
  if (keyRotation && keyRotation.toDays({ integral: false }) < 1) {
    throw new PropsError('keyRotation must be at least a day');
  }
  if (decisionRetention && decisionRetention.toDays({ integral: false }) < 1) {
    throw new PropsError('decisionRetention must be at least a day');
  }
  if (props.staticDocuments && (props.privateEndpoint || props.removalPolicy)) {
    const where = props.privateEndpoint
      ? 'with privateEndpoint, which has no CloudFront'
      : 'on trial, whose bucket has to be empty to go';
    throw new PropsError(`staticDocuments are not for a stack ${where}`);
  }
  checkPrivateEndpoint(props);
  checkMutualTls(props);
  if (props.vpcEndpoints && !props.vpc) throw new PropsError('vpcEndpoints are made in the vpc of the construct');
  if (props.tracing) checkTracing(props.tracing);
  if (props.audit !== undefined) checkAudit(props.audit, props.removalPolicy !== undefined);
  if (props.webAcl) checkWebAcl(props.webAcl);
  if (props.provisionedConcurrency) checkProvisioned(props.provisionedConcurrency);
}

/** Stand-ins of the local stack are on no network. @throws PropsError */
export function requireVpc({ issuers, local }: PolicyArtifact, vpc: object | undefined): void {
  const names = Object.values(issuers).flatMap(({ name, network }) => (network === 'private' ? [name] : []));
  if (names.length === 0 || vpc || local) return;
  throw new PropsError(`issuers with network: private need the construct's vpc: ${names.join(', ')}`);
}

/** CloudFront, and with it the issuer, is in AWS's commercial partition only. @throws PropsError where the Region is known */
export function refuseOtherPartitions(region: string | undefined): void {
  const partition = region === undefined || Token.isUnresolved(region) ? undefined : RegionInfo.get(region).partition;
  if (partition === undefined || partition === 'aws') return;
  throw new PropsError(
    `${region} is in the partition ${partition}, and Cambio runs in aws alone: its issuer is CloudFront's`,
  );
}

function checkWatching({ metrics, alarms }: CheckedProps): void {
  if (!alarms) return;
  if (metrics === false) throw new PropsError('alarms watch metrics, and metrics is false');
  const { leastRequests, runbooks } = alarms;
  if (leastRequests !== undefined && !(Number.isInteger(leastRequests) && leastRequests > 0)) {
    throw new PropsError('alarms.leastRequests is a whole number above zero');
  }
  if (runbooks !== undefined && !Token.isUnresolved(runbooks) && !URL.canParse(runbooks)) {
    throw new PropsError(`alarms.runbooks is the URL of a folder, and "${runbooks}" is none`);
  }
}
