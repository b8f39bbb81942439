// The web ACL in front of the API's stage: AWS's managed rules and a rate for each address.
import { ArnFormat, Aws, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Stage as ApiStage } from 'aws-cdk-lib/aws-apigateway';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { errorBody } from '../api/error-body.ts';
import { PropsError } from '../props-error.ts';

/** What the web ACL does beyond its defaults. */
export interface WebAclOptions {
  /**
   * Requests that one address may send within five minutes, 10 at least; 6,000 by default. A whole network may be one address.
   * Fetching public documents is not counted.
   */
  readonly rateLimit?: number;
  /** Nothing is blocked, only counted and logged: for the days in which a deployment learns what its callers send. */
  readonly countOnly?: true;
}

export interface WebAclProps extends WebAclOptions {
  readonly stage: ApiStage;
  readonly logRetention: RetentionDays;
}

export class WebAcl extends Construct {
  constructor(scope: Construct, id: string, { stage, logRetention, ...options }: WebAclProps) {
    super(scope, id);
    const { attrArn } = new CfnWebACL(this, 'WebAcl', {
      description: 'Cambio: in front of the API',
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      rules: rulesOf(options),
      customResponseBodies: { [tooMany]: { contentType: 'APPLICATION_JSON', content: tooManyBody } },
      // By default it sees 16 KB, and what comes after is passed on unseen.
      associationConfig: { requestBody: { API_GATEWAY: { defaultSizeInspectionLimit: 'KB_64' } } },
      dataProtectionConfig: { dataProtections: protections() },
      visibilityConfig: visible('cambio'),
    });
    this.log(attrArn, logRetention);
    new CfnWebACLAssociation(this, 'OfStage', { resourceArn: stage.stageArn, webAclArn: attrArn });
  }

  /** Logs what was blocked or would have been. */
  private log(webAclArn: string, retention: RetentionDays): void {
    const logGroup = new LogGroup(this, 'Logs', {
      // The prefix is WAF's. A stack made anew has another id: the group of the former may still be there.
      logGroupName: Fn.join('-', ['aws-waf-logs', this.node.addr.slice(-8), Fn.select(2, Fn.split('/', Aws.STACK_ID))]),
      retention,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const logGroupArn = Stack.of(this).formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: logGroup.logGroupName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: webAclArn,
      logDestinationConfigs: [logGroupArn],
      loggingFilter: { DefaultBehavior: 'DROP', Filters: [{ ...keepAny, Conditions: loggedActions }] },
      redactedFields: [
        { uriPath: {} },
        { queryString: {} },
        ...secretHeaders.map((name) => ({ singleHeader: { Name: name } })),
      ],
    });
  }
}

/** @throws PropsError */
export function checkWebAcl({ rateLimit = defaultRateLimit }: WebAclOptions): void {
  if (Number.isInteger(rateLimit) && rateLimit >= 10 && rateLimit <= 2_000_000_000) return;
  throw new PropsError('rateLimit of webAcl is a whole number of requests in five minutes, from 10 to 2,000,000,000');
}

/** Headers that hold tokens, proofs or credentials. */
const secretHeaders = ['authorization', 'proxy-authorization', 'dpop', 'cookie', 'x-amz-security-token', 'x-api-key'];

const keepAny = { Behavior: 'KEEP', Requirement: 'MEETS_ANY' };
const loggedActions = ['BLOCK', 'COUNT', 'EXCLUDED_AS_COUNT'].map((Action) => ({ ActionCondition: { Action } }));

/**
 * A rule that finds a script quotes what it found, and a body is a token. Redacting the log's fields leaves that quote as it
 * is; this does not. Without keys it is every header.
 */
function protections(): CfnWebACL.DataProtectProperty[] {
  const details = { excludeRateBasedDetails: false, excludeRuleMatchDetails: false };
  return ['BODY', 'QUERY_STRING', 'SINGLE_HEADER'].map((fieldType) => ({
    ...{ action: 'SUBSTITUTION', ...details },
    field: { fieldType },
  }));
}

const defaultRateLimit = 6_000;
const tooMany = 'too-many-requests';
const tooManyBody = errorBody('slow_down', 'too many requests');

/** No sampled requests: they are whole headers, for whoever may read the web ACL. */
function visible(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false };
}

function rulesOf({ rateLimit = defaultRateLimit, countOnly }: WebAclOptions): CfnWebACL.RuleProperty[] {
  const rate = {
    name: 'rate',
    statement: { rateBasedStatement: { limit: rateLimit, aggregateKeyType: 'IP', scopeDownStatement: notDocuments } },
    action: countOnly ? { count: {} } : { block: { customResponse: slowDown } },
  };
  const managed = managedRules.map(({ name, counted }) => ({
    name,
    statement: {
      managedRuleGroupStatement: { vendorName: 'AWS', name, ruleActionOverrides: counted.map(countedRule) },
    },
    overrideAction: countOnly ? { count: {} } : { none: {} },
  }));
  return [rate, ...managed].map((rule, priority) => ({ ...rule, priority, visibilityConfig: visible(rule.name) }));
}

function countedRule(name: string): CfnWebACL.RuleActionOverrideProperty {
  return { name, actionToUse: { count: {} } };
}

const slowDown = {
  responseCode: 429,
  customResponseBodyKey: tooMany,
  responseHeaders: [
    { name: 'Cache-Control', value: 'no-store' },
    { name: 'Retry-After', value: '60' },
  ],
};

/** CloudFront fetches these for all verifiers from a few addresses: counted, they would be the first to be shut out. */
const notDocuments: CfnWebACL.StatementProperty = {
  notStatement: {
    statement: { orStatement: { statements: ['/.well-known/', '/status-lists/'].map(pathContains) } },
  },
};

/** Contains, because the stage may stand before it. */
function pathContains(searchString: string): CfnWebACL.StatementProperty {
  return {
    byteMatchStatement: {
      searchString,
      fieldToMatch: { uriPath: {} },
      positionalConstraint: 'CONTAINS',
      textTransformations: [{ priority: 0, type: 'NONE' }],
    },
  };
}

/**
 * Groups of AWS, and of each the rules that rightful requests match. Left out are those that refuse whole hosting providers
 * or clients that are no browsers: CI runners are both.
 */
const managedRules: readonly { readonly name: string; readonly counted: readonly string[] }[] = [
  { name: 'AWSManagedRulesAmazonIpReputationList', counted: [] },
  { name: 'AWSManagedRulesKnownBadInputsRuleSet', counted: [] },
  {
    name: 'AWSManagedRulesCommonRuleSet',
    counted: [
      // Nothing obliges a client to say what it is, and many in jobs do not.
      'NoUserAgent_HEADER',
      // It is 8 KB. A form with two tokens is larger.
      'SizeRestrictions_BODY',
      // A resource is a URL, and may be of a loopback or private address. No URL of a request is ever fetched.
      'EC2MetaDataSSRF_BODY',
      'EC2MetaDataSSRF_QUERYARGUMENTS',
      'GenericRFI_BODY',
      'GenericRFI_QUERYARGUMENTS',
      // What a transaction token carries, and the reason of a revocation, is free text. No answer is HTML, no path is opened.
      'CrossSiteScripting_BODY',
      'GenericLFI_BODY',
      // Names of roles and audiences may end like files.
      'RestrictedExtensions_QUERYARGUMENTS',
      'RestrictedExtensions_URIPATH',
    ],
  },
];
