// An API that is reached by VPC endpoints alone, under one name that is issuer and API base.
import {
  CfnBasePathMappingV2,
  CfnDomainNameAccessAssociation,
  CfnDomainNameV2,
  type RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { type IInterfaceVpcEndpoint, InterfaceVpcEndpointAwsService, type IVpc } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { fromEndpointsAlone } from '../api/api-policy.ts';
import type { Domain } from '../api/domain.ts';
import { PropsError } from '../props-error.ts';
import { interfaceEndpoint } from './vpc-endpoints.ts';

/** By what an API that is not on the internet is reached. */
export interface PrivateEndpoint {
  /** Endpoints of `execute-api` that are there already; without them one is made in the construct's `vpc`. */
  readonly vpcEndpoints?: readonly IInterfaceVpcEndpoint[];
}

export interface CheckedPrivateProps {
  readonly privateEndpoint?: PrivateEndpoint | undefined;
  readonly domain?: Domain | undefined;
  readonly issuerDomain?: Domain | undefined;
  readonly operators?: readonly string[] | undefined;
  readonly vpc?: IVpc | undefined;
}

/** @throws PropsError */
export function checkPrivateEndpoint(props: CheckedPrivateProps): void {
  const { privateEndpoint, domain, issuerDomain, operators, vpc } = props;
  if (!privateEndpoint) return;
  if (!issuerDomain) {
    throw new PropsError(
      'privateEndpoint needs issuerDomain: CloudFront, whose name it would be, cannot reach the API',
    );
  }
  if (domain) throw new PropsError('with privateEndpoint issuerDomain is the name of the API, too: leave domain out');
  if (!operators) {
    const why = 'the resource policy that lets the network in would let every principal of the account administrate';
    throw new PropsError(`privateEndpoint needs operators: ${why}`);
  }
  if (privateEndpoint.vpcEndpoints ? privateEndpoint.vpcEndpoints.length === 0 : !vpc) {
    throw new PropsError('privateEndpoint needs vpcEndpoints, or the vpc of the construct to make one in');
  }
}

/** What a policy cannot have whose documents nobody outside can fetch. @throws PropsError */
export function requireReach({ audiences, roles }: PolicyArtifact): void {
  const withStatus = Object.values(audiences).flatMap(({ name, status }) => (status ? [name] : []));
  if (withStatus.length > 0) {
    const why = 'verifiers fetch Status Lists every 15 seconds, and there is no CloudFront to keep them';
    throw new PropsError(`status: true does not go with privateEndpoint (${withStatus.join(', ')}): ${why}`);
  }
  const webIdentities = Object.values(roles).flatMap(({ name, via }) => (via === 'web-identity' ? [name] : []));
  if (webIdentities.length === 0) return;
  const why = 'IAM fetches the keys of the issuer over the internet';
  throw new PropsError(`via: web-identity does not go with privateEndpoint (${webIdentities.join(', ')}): ${why}`);
}

/** Those that are given, or one of its own. */
export function endpointsOf(
  scope: Construct,
  { vpcEndpoints }: PrivateEndpoint,
  vpc: IVpc | undefined,
): readonly IInterfaceVpcEndpoint[] {
  if (vpcEndpoints || !vpc) return vpcEndpoints ?? [];
  return [interfaceEndpoint(scope, 'ExecuteApi', { vpc, service: InterfaceVpcEndpointAwsService.APIGATEWAY })];
}

export interface PrivateDomainProps {
  readonly restApi: RestApi;
  readonly stageName: string;
  readonly domain: Domain;
  readonly vpcEndpoints: readonly IInterfaceVpcEndpoint[];
}

/** A name that only these endpoints know. Its DNS record is the deployer's, in a zone of their own. */
export class PrivateDomain extends Construct {
  constructor(scope: Construct, id: string, { restApi, stageName, domain, vpcEndpoints }: PrivateDomainProps) {
    super(scope, id);
    const { attrDomainNameArn: domainNameArn } = new CfnDomainNameV2(this, 'Name', {
      domainName: domain.domainName,
      certificateArn: domain.certificate.certificateArn,
      endpointConfiguration: { types: ['PRIVATE'] },
      securityPolicy: 'TLS_1_2',
      // Without one it lets nobody in.
      policy: fromEndpointsAlone(vpcEndpoints.map(({ vpcEndpointId }) => vpcEndpointId)),
    });
    const mapping = new CfnBasePathMappingV2(this, 'Mapping', {
      domainNameArn,
      restApiId: restApi.restApiId,
      stage: stageName,
    });
    // The stage is named literally, and has to be there.
    mapping.node.addDependency(restApi.deploymentStage);
    for (const [index, { vpcEndpointId }] of vpcEndpoints.entries()) {
      new CfnDomainNameAccessAssociation(this, `Access${index + 1}`, {
        domainNameArn,
        accessAssociationSource: vpcEndpointId,
        accessAssociationSourceType: 'VPCE',
      });
    }
  }
}
