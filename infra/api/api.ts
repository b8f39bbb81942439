// The regional REST API: routes to the `live` aliases, 404 and 405 everywhere else, one stage `live`.
import { Aws, Stack, Validations } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  CfnAccount,
  DomainName,
  EndpointType,
  type IResource,
  type IRestApi,
  LambdaIntegration,
  LogGroupLogDestination,
  RestApi,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigateway';
import type { IInterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import type { Alias, IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { deploymentName } from '../alarms/namespace.ts';
import { PrivateDomain } from '../edge/private-endpoint.ts';
import { apiPolicy, privateApiPolicy } from './api-policy.ts';
import type { Domain } from './domain.ts';
import { addGatewayResponses } from './gateway-responses.ts';
import { answerMethodNotAllowed, answerNotFound } from './mock-answers.ts';

const stageName = 'live';

export interface Route {
  readonly path: string;
  readonly methods: readonly string[];
  /** Only callers with SigV4 credentials that IAM lets call this method; anybody, without it. */
  readonly iam?: true;
  /** The alias `live` of the function that serves it. */
  readonly handler: Alias;
}

export interface ApiProps {
  readonly domain?: Domain | undefined;
  /** The stage's own URL serves beside the domain; without a domain it always serves. */
  readonly stageEndpoint?: boolean | undefined;
  /** ARNs of the only roles that may call `/admin/*`; whoever IAM lets invoke the API, without it. */
  readonly operators?: readonly string[] | undefined;
  readonly logRetention: RetentionDays;
  /** Make the account's one role for API Gateway's logs, unless it is in the stack; false where another stack has made it. */
  readonly cloudWatchRole: boolean;
  /** It is reached by these endpoints alone, under that name. */
  readonly privately?: { readonly vpcEndpoints: readonly IInterfaceVpcEndpoint[]; readonly domain: Domain } | undefined;
}

export class Api extends Construct {
  readonly restApi: RestApi;
  /** Of the stage. */
  readonly accessLogs: LogGroup;
  readonly stageName: string = stageName;
  /** Host and path that the API answers on. The stage is named literally: a reference to it would be a cycle. */
  readonly host: string;
  readonly basePath: string;
  /** Host and path that CloudFront fetches from: the stage while it serves, which needs no DNS record. */
  readonly origin: Pick<Api, 'host' | 'basePath'>;
  /** Where the DNS record of `domain` has to point. */
  readonly domainTarget: string | undefined;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    const account = props.cloudWatchRole ? accountSettings(this) : undefined;
    this.accessLogs = new LogGroup(this, 'AccessLogs', { retention: props.logRetention });
    this.restApi = new RestApi(this, 'RestApi', {
      // CloudWatch counts requests by this name.
      restApiName: deploymentName(scope),
      description: 'Cambio: OAuth 2.0 token exchange',
      ...exposure(props),
      disableExecuteApiEndpoint: props.domain !== undefined && !props.stageEndpoint,
      cloudWatchRole: props.cloudWatchRole && !account,
      deployOptions: stageOptions(this.accessLogs),
    });
    // Without the role API Gateway refuses a stage with an access log.
    if (account) this.restApi.deploymentStage.node.addDependency(account);
    const ofStage = {
      host: `${this.restApi.restApiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}`,
      basePath: `/${stageName}`,
    };
    const { privately, domain = privately?.domain } = props;
    const { host, basePath } = domain ? { host: domain.domainName, basePath: '' } : ofStage;
    [this.host, this.basePath] = [host, basePath];
    this.origin = props.stageEndpoint ? ofStage : { host, basePath };
    this.domainTarget = props.domain && this.addDomain(props.domain).domainNameAliasDomainName;
    if (privately) new PrivateDomain(this, 'PrivateDomain', { ...privately, restApi: this.restApi, stageName });
    // CDK's own output names the stage by reference; the stack has its own.
    this.restApi.node.tryRemoveChild('Endpoint');
    addGatewayResponses(this.restApi);
    acknowledgeFindings(this);
  }

  /** Base of every route, without a trailing slash. */
  get base(): string {
    return `https://${this.host}${this.basePath}`;
  }

  /** Every method of `/admin/*`, as rights name it. */
  get adminArn(): string {
    return this.restApi.arnForExecuteApi('*', '/admin/*', stageName);
  }

  /** Adds the routes and gives every other path and method its 404 or 405. Call it once, with all routes. */
  serve(routes: readonly Route[]): void {
    const paths = [...new Set(routes.map(({ path }) => path))];
    const endpoints = paths.map((path) =>
      this.addEndpoint(
        path,
        routes.filter((route) => route.path === path),
      ),
    );
    const between = new Set(endpoints.flatMap(ancestors).filter((resource) => !endpoints.includes(resource)));
    const { root } = this.restApi;
    for (const resource of [root, root.addResource('{proxy+}'), ...between]) answerNotFound(resource);
  }

  private addEndpoint(path: string, routes: readonly Route[]): IResource {
    const resource = this.restApi.root.resourceForPath(path);
    for (const { methods, handler, iam } of routes) {
      for (const method of methods) {
        resource.addMethod(method, new LambdaIntegration(handler as IFunction, { allowTestInvoke: false }), {
          authorizationType: iam ? AuthorizationType.IAM : AuthorizationType.NONE,
        });
      }
    }
    answerMethodNotAllowed(
      resource,
      routes.flatMap(({ methods }) => methods),
    );
    return resource;
  }

  private addDomain({ domainName, certificate }: Domain): DomainName {
    return new DomainName(this, 'Domain', {
      domainName,
      certificate,
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
      mapping: this.restApi as IRestApi,
    });
  }
}

/** Who may call it, and from where. */
function exposure({ operators, privately }: ApiProps) {
  if (!privately) {
    return { endpointTypes: [EndpointType.REGIONAL], ...(operators && { policy: apiPolicy(operators, stageName) }) };
  }
  const vpcEndpoints = [...privately.vpcEndpoints];
  const ids = vpcEndpoints.map(({ vpcEndpointId }) => vpcEndpointId);
  return {
    endpointConfiguration: { types: [EndpointType.PRIVATE], vpcEndpoints },
    policy: privateApiPolicy(operators ?? [], stageName, ids),
  };
}

/** The one there is of the account's settings of API Gateway: a second would take the role of the first away. */
function accountSettings(scope: Construct): CfnAccount | undefined {
  return Stack.of(scope)
    .node.findAll()
    .find((child): child is CfnAccount => child instanceof CfnAccount);
}

/** The resources between an endpoint and the root, neither included. */
function ancestors(resource: IResource): readonly IResource[] {
  const parent = resource.parentResource;
  return parent?.parentResource ? [parent, ...ancestors(parent)] : [];
}

function stageOptions(accessLogs: LogGroup) {
  return {
    stageName,
    tracingEnabled: true,
    // Those of single methods are a series each, and paid for; the stage's own, which alarms watch, are there anyway.
    metricsEnabled: false,
    throttlingRateLimit: 1000,
    throttlingBurstLimit: 2000,
    accessLogDestination: new LogGroupLogDestination(accessLogs),
    accessLogFormat: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
  };
}

/** An allow-list: no query string, no header, and the resource's path instead of the caller's, any of which may hold a token. */
const accessLogFields = {
  requestId: '$context.requestId',
  at: '$context.requestTimeEpoch',
  method: '$context.httpMethod',
  resource: '$context.resourcePath',
  status: '$context.status',
  gatewayError: '$context.error.responseType',
  sourceIp: '$context.identity.sourceIp',
  responseLength: '$context.responseLength',
  latency: '$context.responseLatency',
  integrationLatency: '$context.integrationLatency',
  trace: '$context.xrayTraceId',
};

function acknowledgeFindings(scope: Construct): void {
  const byProtocol = 'OAuth endpoints authenticate by the protocol: the functions verify tokens and clients.';
  Validations.of(scope).acknowledge(
    { id: 'AwsSolutions-APIG4', reason: byProtocol },
    { id: 'AwsSolutions-COG4', reason: byProtocol },
    {
      id: 'AwsSolutions-APIG2',
      reason: 'Bodies are forms, which API Gateway cannot validate; the function parses them, up to 64 KiB.',
    },
    {
      id: 'AwsSolutions-APIG3',
      reason: 'A web ACL is the choice of whoever deploys; the stage is regional so that one can be attached.',
    },
    {
      id: 'AwsSolutions-APIG6',
      reason: 'Execution logs hold headers, and so tokens. The access log has an allow-list of fields instead.',
    },
    {
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      reason:
        'The role API Gateway itself assumes to write logs for the whole account; AWS documents this policy for it.',
    },
  );
}
