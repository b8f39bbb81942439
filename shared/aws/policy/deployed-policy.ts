// Which policy was deployed, and the quotas in it: an item that no function reads, so that its changes are in the audit trail. One call
// of DynamoDB.
import type { CallDynamoDb } from '../dynamodb.ts';
import { policyKey } from '../records/record-keys.ts';

export interface DeployedPolicy {
  readonly hash: string;
  /** JSON of its quotas by whom they are for. */
  readonly quotas: string;
}

/** @throws TypeError when the properties of the resource have another shape */
export function deployedPolicyIn(properties: unknown): DeployedPolicy {
  const { hash, quotas } = Object(properties) as Readonly<Record<string, unknown>>;
  if (typeof hash !== 'string' || typeof quotas !== 'string') throw new TypeError('Policy must be {hash, quotas}');
  return { hash, quotas };
}

/** @param at epoch seconds */
export async function recordDeployedPolicy(
  { call, table }: { readonly call: CallDynamoDb; readonly table: string },
  { hash, quotas }: DeployedPolicy,
  at: number,
): Promise<void> {
  const item = { pk: { S: policyKey }, hash: { S: hash }, quotas: { S: quotas }, at: { N: String(at) } };
  await call('PutItem', { TableName: table, Item: item });
}
