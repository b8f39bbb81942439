// What a function could not take, as Lambda puts it into an S3 bucket: what happened, and the whole batch. I/O: S3.
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html

import { randomUUID } from 'node:crypto';
import type { CallS3 } from '../s3/client.ts';
import type { GivenUp } from './deliver.ts';
import type { EventSourceMapping } from './mappings.ts';

/** @param at milliseconds @throws AwsError when S3 refuses it */
export async function putFailedBatch(
  call: CallS3,
  mapping: EventSourceMapping & { readonly failureBucket: string },
  { batch, at }: { readonly batch: GivenUp; readonly at: number },
): Promise<void> {
  const time = new Date(at).toISOString();
  const [day = '', ofDay = ''] = time.split('T');
  const second = `${day}T${ofDay.slice(0, 8).replaceAll(':', '.')}`;
  const folder = `aws/lambda/${mapping.uuid}/${batch.shardId}/${day.replaceAll('-', '/')}`;
  const key = `${folder}/${second}-${randomUUID()}`;
  await call({
    method: 'PUT',
    bucket: mapping.failureBucket,
    key,
    body: JSON.stringify(document(mapping, batch, time)),
  });
}

function document({ functionArn, streamArn }: EventSourceMapping, batch: GivenUp, timestamp: string) {
  const { shardId, records, reason, tries, event } = batch;
  const [first, last] = [records[0], records.at(-1)];
  return {
    requestContext: {
      requestId: randomUUID(),
      functionArn,
      condition: reason,
      approximateInvokeCount: tries,
    },
    responseContext: {
      statusCode: 200,
      executedVersion: functionArn.split(':')[7] ?? '$LATEST',
      functionError: 'Unhandled',
    },
    version: '1.0',
    timestamp,
    DDBStreamBatchInfo: {
      shardId,
      startSequenceNumber: first?.dynamodb.SequenceNumber,
      endSequenceNumber: last?.dynamodb.SequenceNumber,
      approximateArrivalOfFirstRecord: arrival(first?.dynamodb.ApproximateCreationDateTime),
      approximateArrivalOfLastRecord: arrival(last?.dynamodb.ApproximateCreationDateTime),
      batchSize: records.length,
      streamArn,
    },
    payload: event,
  };
}

function arrival(seconds: number | undefined): string {
  return new Date((seconds ?? 0) * 1_000).toISOString().replace('.000', '');
}
