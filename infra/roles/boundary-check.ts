// Whether IAM takes the boundary, and whether the roles that came from TypeScript have it: without it their sessions cannot be
// revoked. Run when the app is validated, after aspects such as `PermissionsBoundary.of(role).apply(…)`.
import { Stack } from 'aws-cdk-lib';
import { CfnRole, type IManagedPolicy, type IRole, type ManagedPolicy } from 'aws-cdk-lib/aws-iam';

/** One problem for each role; imported roles show nothing, and there IAM itself keeps the function out. */
export function boundaryProblems(roles: readonly IRole[], boundary: IManagedPolicy): string[] {
  return roles.flatMap((role) => {
    const { defaultChild } = role.node;
    if (!(defaultChild instanceof CfnRole) || hasBoundary(defaultChild, boundary)) return [];
    const what = `the role ${role.node.path} is revocable and has not the boundary of this construct`;
    return [`${what}: iam.PermissionsBoundary.of(role).apply(exchange.sessionBoundary)`];
  });
}

/** Characters of a managed policy, white space aside; a boundary is one policy and cannot be spread over several. */
const maxCharacters = 6_144;

export function boundarySizeProblems(boundary: ManagedPolicy): string[] {
  const { length } = JSON.stringify(Stack.of(boundary).resolve(boundary.document));
  if (length <= maxCharacters) return [];
  return [
    `the sessionBoundary has ${length} characters, and IAM takes ${maxCharacters}: name fewer actions or resources`,
  ];
}

function hasBoundary(role: CfnRole, boundary: IManagedPolicy): boolean {
  const stack = Stack.of(role);
  const { Resources } = stack.resolve(role._toCloudFormation()) as {
    readonly Resources: Readonly<Record<string, { readonly Properties?: { readonly PermissionsBoundary?: unknown } }>>;
  };
  const [resource] = Object.values(Resources);
  const wanted: unknown = stack.resolve(boundary.managedPolicyArn);
  return JSON.stringify(resource?.Properties?.PermissionsBoundary) === JSON.stringify(wanted);
}
