// Makes the S3 buckets of the template, or finds those of an earlier start. I/O: S3.
import { randomBytes } from 'node:crypto';
import { xml } from '../protocol/xml.ts';
import { type CallS3, createS3Client } from '../s3/client.ts';
import { type Physical, physicalName } from './deployment.ts';
import type { ClientConfig, Provisioning } from './provision.ts';
import { asObject, asString, isObject, type Properties, resourcesOfType } from './stack-template.ts';

export interface BucketsOptions extends Provisioning {
  readonly client: ClientConfig;
  /** Which store it is; resources remembered of another are not looked for here. */
  readonly store: string;
}

/** Makes every bucket; what it became, by logical id, goes to `created`. */
export async function provisionBuckets(options: BucketsOptions): Promise<void> {
  const call = createS3Client(options.client);
  const buckets = resourcesOfType(options.template, 'AWS::S3::Bucket');
  await Promise.all(buckets.map(([id]) => provisionBucket(call, options, id)));
}

async function provisionBucket(call: CallS3, options: BucketsOptions, id: string): Promise<void> {
  const properties = asObject(options.resolve(options.template.Resources[id]?.Properties), id);
  const madeWith = JSON.stringify([options.store, properties]);
  const earlier = options.state.find(id);
  const reused = earlier?.madeWith === madeWith && (await exists(call, earlier.ref)) ? earlier : undefined;
  const physical = reused ?? (await createBucket(call, { id, properties, region: options.client.region }));
  options.created.set(id, physical);
  options.state.remember(id, { ...physical, madeWith });
}

interface ToCreate {
  readonly id: string;
  readonly properties: Properties;
  readonly region: string;
}

async function createBucket(call: CallS3, { id, properties, region }: ToCreate): Promise<Physical> {
  const bucket = nameOf(id, properties.BucketName);
  const isLocked = String(properties.ObjectLockEnabled) === 'true';
  await call({
    method: 'PUT',
    bucket,
    ...(isLocked && { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } }),
    body: document('CreateBucketConfiguration', { LocationConstraint: region }),
  });
  if (!isLocked && asObject(properties.VersioningConfiguration, id).Status === 'Enabled') {
    const body = document('VersioningConfiguration', { Status: 'Enabled' });
    await call({ method: 'PUT', bucket, query: { versioning: '' }, body });
  }
  const lock = asObject(properties.ObjectLockConfiguration, `${id}.ObjectLockConfiguration`);
  const body = lockDocument(lock.Rule, id);
  if (body !== undefined) await call({ method: 'PUT', bucket, query: { 'object-lock': '' }, body });
  const domain = `${bucket}.s3.${region}.amazonaws.com`;
  const attributes = {
    Arn: `arn:aws:s3:::${bucket}`,
    DomainName: `${bucket}.s3.amazonaws.com`,
    RegionalDomainName: domain,
  };
  return { ref: bucket, attributes };
}

/** CloudFormation makes a name of small letters. */
function nameOf(id: string, name: unknown): string {
  if (name !== undefined) return asString(name, `${id}.BucketName`);
  return physicalName(id, randomBytes(6).toString('hex')).toLowerCase();
}

function lockDocument(rule: unknown, id: string): string | undefined {
  if (!isObject(rule)) return undefined;
  const { Mode, Days, Years } = asObject(rule.DefaultRetention, `${id}.ObjectLockConfiguration.Rule`);
  const period =
    Days === undefined ? { Years: asString(Years, `${id} years`) } : { Days: asString(Days, `${id} days`) };
  const retention = { Mode: asString(Mode, `${id} retention mode`), ...period };
  return document('ObjectLockConfiguration', {
    ObjectLockEnabled: 'Enabled',
    Rule: { DefaultRetention: retention },
  });
}

function document(root: string, content: Parameters<typeof xml>[0]): string {
  return `<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${xml(content)}</${root}>`;
}

async function exists(call: CallS3, bucket: string): Promise<boolean> {
  try {
    await call({ method: 'HEAD', bucket });
    return true;
  } catch (error) {
    if (isObject(error) && error.status === 404) return false;
    throw error;
  }
}
