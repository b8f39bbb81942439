// DynamoDB without the SDK's client.
import type { CallDynamoDb } from '../dynamodb.ts';
import { jsonProtocol } from './json-protocol.ts';
import { createService, type DirectOptions } from './service.ts';

const protocol = jsonProtocol({
  name: 'dynamodb',
  contentType: 'application/x-amz-json-1.0',
  targetPrefix: 'DynamoDB_20120810',
  // A page of a query is at most 1 MB of items.
  maxBytes: 8 * 1024 * 1024,
});

/** Connects at once. @throws Error when the environment names no region, or endpoints that cannot be had */
export function callDirectly(options: DirectOptions): CallDynamoDb {
  const { call, open } = createService(protocol, options);
  open();
  return call as CallDynamoDb;
}
