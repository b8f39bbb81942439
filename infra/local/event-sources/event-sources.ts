// The event sources of the template: for each a poller, with the rights of the function it is for. I/O: streams, functions, S3.

import { join } from 'node:path';
import type { FunctionDefinition } from '../lambda/execution-environment.ts';
import type { Invoke } from '../lambda/running-functions.ts';
import { createS3Client } from '../s3/client.ts';
import type { Deployment } from '../template/deployment.ts';
import type { ClientConfig } from '../template/provision.ts';
import { TemplateError } from '../template/stack-template.ts';
import { openCheckpoints } from './checkpoints.ts';
import { putFailedBatch } from './failed-batches.ts';
import { type EventSourceMapping, mappingsOf } from './mappings.ts';
import { startPoller } from './poller.ts';
import { openStreamSource } from './stream-source.ts';

export interface EventSourcesOptions extends Pick<Deployment, 'template' | 'resolve'> {
  readonly definitions: readonly FunctionDefinition[];
  readonly invoke: Invoke;
  /** URLs of the services. */
  readonly endpoints: { readonly dynamodb: string; readonly s3: string };
  /** False where the DynamoDB in use has no streams. */
  readonly supportsStreams: boolean;
  /** Calls the listener after every write. */
  readonly onWrite: (listener: () => void) => void;
  /** Where it is kept how far each has come; without it, in memory. */
  readonly data: string | undefined;
  readonly log: (line: string) => void;
}

export interface EventSources {
  /** ARNs of the streams that are read. */
  readonly streams: readonly string[];
  /** Settles when everything written before has been delivered or given up. */
  readonly drained: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts to read every stream that a function of the template is to be called with. */
export function startEventSources(options: EventSourcesOptions): EventSources {
  const { template, resolve, supportsStreams, data, log } = options;
  const mappings = mappingsOf(template, resolve);
  if (!supportsStreams) {
    for (const { logicalId } of mappings) log(`local stack: ${logicalId} is off: this DynamoDB has no streams`);
  }
  const checkpoints = openCheckpoints(data === undefined ? undefined : join(data, 'event-sources.json'));
  const read = supportsStreams ? mappings : [];
  const pollers = read.map((mapping) => pollerOf(options, mapping, checkpoints));
  options.onWrite(() => {
    for (const { wake } of pollers) wake();
  });
  return {
    streams: [...new Set(read.map(({ streamArn }) => streamArn))],
    drained: async () => void (await Promise.all(pollers.map(({ drained }) => drained()))),
    stop: async () => void (await Promise.all(pollers.map(({ stop }) => stop()))),
  };
}

function pollerOf(
  options: EventSourcesOptions,
  mapping: EventSourceMapping,
  checkpoints: ReturnType<typeof openCheckpoints>,
) {
  const { endpoints, invoke, log } = options;
  const { failureBucket } = mapping;
  const definition = options.definitions.find(({ arn }) => `${mapping.functionArn}:`.startsWith(`${arn}:`));
  if (!definition) throw new TemplateError(`${mapping.logicalId}: no function ${mapping.functionArn} in the template`);
  const call = createS3Client(clientOf(definition, endpoints.s3));
  const source = openStreamSource(clientOf(definition, endpoints.dynamodb), mapping.streamArn);
  return startPoller({
    mapping,
    source,
    prepare: async () => {
      await source.list();
      if (failureBucket !== undefined) await call({ method: 'HEAD', bucket: failureBucket });
    },
    invoke: (event, iteratorAgeMs) => invoke(mapping.functionArn, event, { iteratorAgeMs }),
    giveUp: async (batch) => {
      const { logicalId } = mapping;
      log(`local stack: ${logicalId} gives up ${batch.records.length} records: ${batch.reason}`);
      if (failureBucket !== undefined) {
        await putFailedBatch(call, { ...mapping, failureBucket }, { batch, at: Date.now() });
      }
    },
    checkpoints,
    clock: Date.now,
    log,
  });
}

/** What Lambda does for a function, it does with the function's rights. */
function clientOf({ environment }: FunctionDefinition, endpoint: string): ClientConfig {
  const { AWS_REGION = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = environment;
  return {
    endpoint,
    region: AWS_REGION,
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
  };
}
