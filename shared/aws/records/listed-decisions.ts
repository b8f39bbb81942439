// The index `decided`: the list of decisions. DynamoDB queries, eventually consistent as an index is.
import type { FindListed, ListedDecision, ListPart, PartQuery } from '../../oauth/decision/decision-list.ts';
import type { Reason } from '../../oauth/denial.ts';
import { callDependency } from '../dependency.ts';
import type { CallDynamoDb, Item } from '../dynamodb.ts';
import { pagesOf } from './listed-items.ts';
import { decidedIndex, decidedPart, decisionIdOf } from './record-keys.ts';

export function createFindListed(call: CallDynamoDb, table: string): FindListed {
  return (part, query) => callDependency('dynamodb', () => findListed({ call, table }, part, query));
}

async function findListed(
  { call, table }: { readonly call: CallDynamoDb; readonly table: string },
  part: ListPart,
  { since, until, most, matches }: PartQuery,
): Promise<readonly ListedDecision[]> {
  const input = {
    TableName: table,
    IndexName: decidedIndex,
    KeyConditionExpression: 'decided = :decided AND #at BETWEEN :since AND :until',
    ExpressionAttributeNames: { '#at': 'at' },
    ExpressionAttributeValues: {
      ':decided': { S: decidedPart(part) },
      ':since': { N: String(since) },
      ':until': { N: String(until) },
    },
    ScanIndexForward: false,
    Limit: most,
  };
  const found: ListedDecision[] = [];
  for await (const page of pagesOf((from) => call('Query', { ...input, ...from }))) {
    const decisions = page.map((item) => decisionOf(part, item));
    found.push(...decisions.filter(matches));
    // What is not read yet is older than the last that is wanted, or as old: then it is read, too.
    const [last, oldest] = [found[most - 1], decisions.at(-1)];
    if (last && oldest && oldest.at < last.at) break;
  }
  return found;
}

function decisionOf({ outcome }: ListPart, item: Item): ListedDecision {
  return {
    decisionId: decisionIdOf(item['pk']?.S ?? ''),
    at: Number(item['at']?.N),
    expiresAt: Number(item['expiresAt']?.N),
    outcome,
    ...(outcome === 'refused' && { reason: item['reason']?.S as Reason | undefined }),
  };
}
