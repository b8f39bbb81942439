// The statement of a key's or bucket's own policy that lets nobody else do something, whatever IAM allows whom. Pure.
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';

export function onlyThese(
  sid: string,
  roles: readonly IRole[],
  actions: readonly string[],
  resources: readonly string[] = ['*'],
): PolicyStatement {
  return new PolicyStatement({
    sid,
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: [...actions],
    resources: [...resources],
    // As a condition: a principal in the policy would have to exist, and be lost with its role.
    conditions: { StringNotEquals: { 'aws:PrincipalArn': roles.map(({ roleArn }) => roleArn) } },
  });
}
