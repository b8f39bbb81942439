// AWS::Lambda::EventSourceMapping of the template: which function gets what of which stream. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html

import { hash } from 'node:crypto';
import {
  asArray,
  asObject,
  asString,
  resourcesOfType,
  type StackTemplate,
  TemplateError,
} from '../template/stack-template.ts';

export interface EventSourceMapping {
  readonly logicalId: string;
  readonly uuid: string;
  readonly streamArn: string;
  /** Alias or version included. */
  readonly functionArn: string;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  readonly batchSize: number;
  /** Milliseconds that a batch waits to become full. */
  readonly batchingWindowMs: number;
  readonly bisects: boolean;
  /** Infinity where a batch is tried until it is too old. */
  readonly retries: number;
  /** Milliseconds after which a record is given up. */
  readonly recordAgeMs: number;
  /** Whether the function may say which records of a batch failed. */
  readonly reportsFailures: boolean;
  /** Seconds; 0 without windows. */
  readonly tumblingWindow: number;
  /** Bucket for what is given up. */
  readonly failureBucket: string | undefined;
}

/** A stream forgets a record after a day. */
const streamAge = 86_400;

/** Those that are enabled. @throws TemplateError for one the local stack does not run */
export function mappingsOf(
  template: StackTemplate,
  resolve: (value: unknown) => unknown,
): readonly EventSourceMapping[] {
  return resourcesOfType(template, 'AWS::Lambda::EventSourceMapping').flatMap(([id, { Properties }]) => {
    const properties = asObject(resolve(Properties), id);
    return String(properties.Enabled ?? true) === 'false' ? [] : [mappingOf(id, properties)];
  });
}

function mappingOf(logicalId: string, properties: Readonly<Record<string, unknown>>): EventSourceMapping {
  const number = (name: string, otherwise: number): number => {
    const value = Number(properties[name] ?? otherwise);
    if (!Number.isFinite(value)) throw new TemplateError(`${logicalId}.${name} must be a number`);
    return value === -1 ? Number.POSITIVE_INFINITY : value;
  };
  const streamArn = asString(properties.EventSourceArn, `${logicalId}.EventSourceArn`);
  if (!/^arn:aws:dynamodb:.*\/stream\//.test(streamArn)) {
    throw new TemplateError(`${logicalId}: the local stack reads streams of DynamoDB only`);
  }
  const startingPosition = asString(properties.StartingPosition, `${logicalId}.StartingPosition`);
  if (startingPosition !== 'TRIM_HORIZON' && startingPosition !== 'LATEST') {
    throw new TemplateError(`${logicalId}: a stream of DynamoDB is read from TRIM_HORIZON or LATEST`);
  }
  const responses = asArray(properties.FunctionResponseTypes, `${logicalId}.FunctionResponseTypes`);
  return {
    logicalId,
    uuid: uuidOf(logicalId),
    streamArn,
    functionArn: asString(properties.FunctionName, `${logicalId}.FunctionName`),
    startingPosition,
    batchSize: number('BatchSize', 100),
    batchingWindowMs: number('MaximumBatchingWindowInSeconds', 0) * 1_000,
    bisects: String(properties.BisectBatchOnFunctionError) === 'true',
    retries: number('MaximumRetryAttempts', -1),
    recordAgeMs: Math.min(number('MaximumRecordAgeInSeconds', -1), streamAge) * 1_000,
    reportsFailures: responses.includes('ReportBatchItemFailures'),
    tumblingWindow: number('TumblingWindowInSeconds', 0),
    failureBucket: bucketOf(properties.DestinationConfig, logicalId),
  };
}

function bucketOf(config: unknown, logicalId: string): string | undefined {
  const { Destination } = asObject(asObject(config, logicalId).OnFailure, `${logicalId}.DestinationConfig`);
  if (Destination === undefined) return undefined;
  const [, bucket] = /^arn:aws:s3:::(.+)$/.exec(asString(Destination, logicalId)) ?? [];
  if (bucket === undefined) throw new TemplateError(`${logicalId}: the local stack gives up into S3 buckets only`);
  return bucket;
}

/** The id of a mapping, the same each time. */
export function uuidOf(logicalId: string): string {
  const hex = hash('sha256', logicalId);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
