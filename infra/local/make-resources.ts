// The tables, keys and buckets of the template in whatever services are used, and the sweeping of embedded tables. I/O: AWS APIs.
import type { Cleanup } from './cleanup.ts';
import type { Emulators } from './emulators.ts';
import { StartError } from './start-error.ts';
import { deployerClient, type Provisioning } from './template/provision.ts';
import type { ExpiringTable } from './template/provision-tables.ts';
import { TemplateError } from './template/stack-template.ts';

/** Makes tables, keys and buckets, or finds those of an earlier start. @throws StartError if a service cannot be used */
export async function makeResources(
  options: Provisioning,
  { dynamodb, kms, s3, stores, supportsTtl, supportsStreams }: Emulators,
): Promise<readonly ExpiringTable[]> {
  const [{ provisionTables }, { provisionKeys }, { provisionBuckets }] = await Promise.all([
    import('./template/provision-tables.ts'),
    import('./template/provision-keys.ts'),
    import('./template/provision-buckets.ts'),
  ]);
  const [tables] = await Promise.all([
    provisionTables({
      ...options,
      client: deployerClient(dynamodb),
      store: stores.dynamodb,
      supportsTtl,
      supportsStreams,
    }).catch(cannotUse('DynamoDB', dynamodb)),
    provisionKeys({ ...options, client: deployerClient(kms), store: stores.kms }).catch(cannotUse('KMS', kms)),
    provisionBuckets({ ...options, client: deployerClient(s3), store: stores.s3 }).catch(cannotUse('S3', s3)),
  ]);
  return tables;
}

function cannotUse(service: string, url: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof TemplateError) throw error;
    const { name, message, code } = error as NodeJS.ErrnoException;
    throw new StartError(`cannot make the template's resources in ${service} at ${url}: ${message || code || name}`);
  };
}

const sweepIntervalMs = 60_000;

/** Expired items leave the embedded tables sooner than AWS promises; other services keep house themselves. */
export async function startSweepers(tables: readonly ExpiringTable[], { engineUrl }: Emulators, cleanup: Cleanup) {
  if (engineUrl === undefined) return;
  const [{ DynamoDBClient }, { sweepExpired }] = await Promise.all([
    import('@aws-sdk/client-dynamodb'),
    import('./dynamodb/sweeper.ts'),
  ]);
  const client = new DynamoDBClient(deployerClient(engineUrl));
  cleanup.add(() => client.destroy());
  for (const { tableName, attribute } of tables) {
    const table = { client, table: tableName, ttlAttribute: attribute, clock: Date.now };
    cleanup.add(sweepExpired({ ...table, intervalMs: sweepIntervalMs }).stop);
  }
}
