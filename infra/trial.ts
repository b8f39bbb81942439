// A stack on trial, which leaves nothing behind: what protects a deployment from its own deletion is lifted.
import { Annotations, CfnDeletionPolicy, CfnResource, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

const kept: readonly (CfnDeletionPolicy | undefined)[] = [
  CfnDeletionPolicy.RETAIN,
  CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE,
];
/** API Gateway's logging is the account's, not the stack's. */
const ofTheAccount = /\/(CloudWatchRole\/Resource|Account)$/;

/** Call it when everything is made. */
export function leaveNothing(scope: Construct): void {
  const resources = scope.node.findAll().filter((child) => CfnResource.isCfnResource(child));
  for (const resource of resources) {
    const isKept = kept.includes(resource.cfnOptions.deletionPolicy) && !ofTheAccount.test(resource.node.path);
    if (isKept) resource.applyRemovalPolicy(RemovalPolicy.DESTROY);
  }
  const what = 'deleting the stack deletes the issuer, its keys, all records and all logs, and they never come back';
  Annotations.of(scope).addWarningV2('cambio:removal-policy', `removalPolicy DESTROY is for trials: ${what}`);
}
