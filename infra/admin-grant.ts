// The right of somebody to call the administrators' routes.
import { Annotations } from 'aws-cdk-lib';
import { Grant, type IGrantable, type IRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

export interface AdminGrant {
  /** ARN of `/admin/*` of the API. */
  readonly resourceArn: string;
  /** The construct's. */
  readonly operators: readonly string[] | undefined;
}

/** IAM's right alone: where there are operators, the API refuses whoever is none of them all the same. */
export function grantAdmin(scope: Construct, grantee: IGrantable, { resourceArn, operators }: AdminGrant): Grant {
  const { roleArn } = grantee as Partial<IRole>;
  if (operators && (roleArn === undefined || !operators.includes(roleArn))) {
    const text =
      'grantInvokeAdmin: the API lets none but "operators" call /admin/*, and who is granted this is not among them';
    Annotations.of(scope).addWarningV2('cambio:grant-invoke-admin', text);
  }
  return Grant.addToPrincipal({ grantee, actions: ['execute-api:Invoke'], resourceArns: [resourceArn] });
}
