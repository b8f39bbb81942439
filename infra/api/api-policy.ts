// The resource policy of the API: who may call the administrators' routes, whatever IAM allows whom, and from where.
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';

const invoke = () => ({ principals: [new AnyPrincipal()], actions: ['execute-api:Invoke'] });

/**
 * Lets the operators alone call `/admin/*`, and everybody everything else. Within an account IAM's right to invoke is enough,
 * and so only a Deny keeps other principals out; operators of other accounts need the Allow besides their own, and callers
 * without an identity have nothing else.
 * @param operators ARNs of roles; may be CDK tokens
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
 */
export function apiPolicy(operators: readonly string[], stageName: string): PolicyDocument {
  const others = { StringNotEquals: { 'aws:PrincipalArn': operators } };
  return new PolicyDocument({
    statements: [
      new PolicyStatement({ ...invoke(), resources: [`execute-api:/${stageName}/*`] }),
      new PolicyStatement({
        ...invoke(),
        effect: Effect.DENY,
        // Of every method: a star of IAM crosses slashes, however many there are before the path.
        resources: [`execute-api:/${stageName}/*/admin/*`],
        // It holds for callers without an identity, too. Without operators it is everybody.
        ...(operators.length > 0 && { conditions: others }),
      }),
    ],
  });
}

/** Of a private API: as {@link apiPolicy}, from these VPC endpoints alone. */
export function privateApiPolicy(
  operators: readonly string[],
  stageName: string,
  vpcEndpointIds: readonly string[],
): PolicyDocument {
  const policy = apiPolicy(operators, stageName);
  policy.addStatements(refuseElsewhere(vpcEndpointIds));
  return policy;
}

/** Of a private domain: whoever comes from these VPC endpoints. */
export function fromEndpointsAlone(vpcEndpointIds: readonly string[]): PolicyDocument {
  return new PolicyDocument({
    statements: [new PolicyStatement({ ...invoke(), resources: ['execute-api:/*'] }), refuseElsewhere(vpcEndpointIds)],
  });
}

/** It holds where there is no endpoint at all, too. */
function refuseElsewhere(vpcEndpointIds: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    ...invoke(),
    effect: Effect.DENY,
    resources: ['execute-api:/*'],
    conditions: { StringNotEquals: { 'aws:SourceVpce': vpcEndpointIds } },
  });
}
