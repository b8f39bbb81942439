// DynamoDB Streams as who polls them calls them, with the keys of the function that gets the records. Network.

import type { StreamRecord } from '../dynamodb/stream-records.ts';
import { AwsError } from '../protocol/aws-error.ts';
import { signedHeaders } from '../protocol/sigv4-signature.ts';
import type { ClientConfig } from '../template/provision.ts';

export interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
}

export interface ReadRecords {
  readonly records: readonly StreamRecord[];
  /** Undefined once a closed shard has been read. */
  readonly next: string | undefined;
}

export interface StreamSource {
  /** Parents before their children. */
  readonly shards: () => Promise<readonly Shard[]>;
  readonly iterator: (shardId: string, from: ReadFrom) => Promise<string>;
  /** `next` is undefined once a closed shard has been read. */
  readonly records: (iterator: string) => Promise<ReadRecords>;
  /** Lambda looks for the stream among all before it reads it. */
  readonly list: () => Promise<unknown>;
}

/** A place, or the sequence number after which to read. */
export type ReadFrom = 'TRIM_HORIZON' | 'LATEST' | { readonly after: string };

/** @throws AwsError when the service refuses */
export function openStreamSource({ endpoint, region, credentials }: ClientConfig, streamArn: string): StreamSource {
  const call = async (operation: string, input: object): Promise<unknown> => {
    const body = JSON.stringify(input);
    const headers = {
      host: new URL(endpoint).host,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDBStreams_20120810.${operation}`,
    };
    const request = { method: 'POST', path: '/', headers, body, region, service: 'dynamodb' };
    const signed = signedHeaders({ ...request, keys: credentials, now: new Date() });
    const answer = await fetch(endpoint, { method: 'POST', headers: signed, body });
    const output = (await answer.json()) as { readonly __type?: string; readonly message?: string };
    if (!answer.ok) throw new AwsError(output.__type ?? 'Unknown', output.message ?? '', answer.status);
    return output;
  };
  return {
    list: () => call('ListStreams', {}),
    shards: async () => {
      const { StreamDescription } = (await call('DescribeStream', { StreamArn: streamArn })) as {
        readonly StreamDescription: { readonly Shards?: readonly Shard[] };
      };
      return StreamDescription.Shards ?? [];
    },
    iterator: async (shardId, from) => {
      const position =
        typeof from === 'string'
          ? { ShardIteratorType: from }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: from.after };
      const input = { StreamArn: streamArn, ShardId: shardId, ...position };
      const { ShardIterator } = (await call('GetShardIterator', input)) as { readonly ShardIterator: string };
      return ShardIterator;
    },
    records: async (iterator) => {
      const { Records = [], NextShardIterator } = (await call('GetRecords', { ShardIterator: iterator })) as {
        readonly Records?: readonly StreamRecord[];
        readonly NextShardIterator?: string;
      };
      return { records: Records, next: NextShardIterator };
    },
  };
}
