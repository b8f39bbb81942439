// The ways from a VPC to the services that the functions in it call: KMS, STS and DynamoDB, and X-Ray where they are traced.
import { Aws, Validations } from 'aws-cdk-lib';
import {
  GatewayVpcEndpoint,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  type InterfaceVpcEndpointProps,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

export interface VpcEndpointsProps {
  readonly vpc: IVpc;
  /** A collector sends spans. */
  readonly traced: boolean;
}

/**
 * Lambda itself delivers logs and traces, from outside the VPC. The endpoints serve whatever else is in the VPC, whose calls
 * now lead here, too: they are open to its addresses, and closed to other people's credentials alone.
 */
export class VpcEndpoints extends Construct {
  constructor(scope: Construct, id: string, { vpc, traced }: VpcEndpointsProps) {
    super(scope, id);
    const sts = interfaceEndpoint(this, 'Sts', { vpc, service: InterfaceVpcEndpointAwsService.STS });
    const kms = interfaceEndpoint(this, 'Kms', { vpc, service: InterfaceVpcEndpointAwsService.KMS });
    const dynamoDb = new GatewayVpcEndpoint(this, 'DynamoDb', { vpc, service: GatewayVpcEndpointAwsService.DYNAMODB });
    // A collector is in the function's network, as Lambda's own daemon is not.
    const xray = traced && interfaceEndpoint(this, 'XRay', { vpc, service: InterfaceVpcEndpointAwsService.XRAY });
    for (const endpoint of [sts, kms, dynamoDb, ...(xray ? [xray] : [])]) endpoint.addToPolicy(ofThisAccount());
    sts.addToPolicy(ofNobodyYet());
  }
}

/** Open to all addresses of the VPC. */
export function interfaceEndpoint(scope: Construct, id: string, props: InterfaceVpcEndpointProps) {
  const endpoint = new InterfaceVpcEndpoint(scope, id, props);
  Validations.of(endpoint).acknowledge({
    id: 'AwsSolutions-EC23',
    reason:
      'The range is the VPC’s own, which may be known to CloudFormation alone, and then the check cannot read it.',
  });
  return endpoint;
}

/** A stolen key of another account would carry data out by an endpoint that lets all in. */
function ofThisAccount(): PolicyStatement {
  return new PolicyStatement({
    principals: [new AnyPrincipal()],
    actions: ['*'],
    resources: ['*'],
    conditions: { StringEquals: { 'aws:PrincipalAccount': Aws.ACCOUNT_ID } },
  });
}

/** Who presents a token to get credentials has none. */
function ofNobodyYet(): PolicyStatement {
  const actions = ['sts:AssumeRoleWithWebIdentity', 'sts:AssumeRoleWithSAML'];
  return new PolicyStatement({ principals: [new AnyPrincipal()], actions, resources: ['*'] });
}
