// What `cdk deploy` uploads before CloudFormation sees the template, by the CDK's own command, against moto's S3.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Synthesized, synthesize } from '../../infra/synthesize.ts';
import { compiledOnce } from '../compiled-once.ts';
import { hasMoto, type RunningMoto, startRegionOfMoto } from '../moto.ts';
import { artifact, policyReaders } from './synthesized.ts';

const isThere = hasMoto('the upload of assets');
const region = 'eu-west-1';
/** Moto's own account, and the names that `cdk bootstrap` gives. */
const bucket = `cdk-hnb659fds-assets-123456789012-${region}`;
const root = join(import.meta.dirname, '..', '..');

/** Signed by nobody: moto looks at the service that is named. */
const asService = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

/** Of an archive: its files by name. */
function unzipped(zip: Buffer): Map<string, Buffer> {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06'));
  const files = new Map<string, Buffer>();
  let at = zip.readUInt32LE(end + 16);
  for (let count = zip.readUInt16LE(end + 10); count > 0; count -= 1) {
    const [method, size, nameLength] = [
      zip.readUInt16LE(at + 10),
      zip.readUInt32LE(at + 20),
      zip.readUInt16LE(at + 28),
    ];
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = zip.subarray(start, start + size);
    files.set(name, method === 0 ? bytes : inflateRawSync(bytes));
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return files;
}

describe.skipIf(!isThere)(`the upload of assets${isThere ? '' : ' (moto NOT INSTALLED, SKIPPED)'}`, () => {
  const outdir = mkdtempSync(join(tmpdir(), 'cambio-test-'));
  let moto: RunningMoto;
  let synthesized: Synthesized;

  const object = async (key: string): Promise<Buffer | undefined> => {
    const response = await fetch(`${moto.url}/${bucket}/${key}`, { headers: asService('s3') });
    return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined;
  };

  beforeAll(async () => {
    moto = await startRegionOfMoto();
    await fetch(`${moto.url}/${bucket}`, {
      method: 'PUT',
      headers: asService('s3'),
      body: `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`,
    });
    await fetch(moto.url, {
      method: 'POST',
      headers: {
        ...asService('ssm'),
        'x-amz-target': 'AmazonSSM.PutParameter',
        'content-type': 'application/x-amz-json-1.1',
      },
      body: JSON.stringify({ Name: '/cdk-bootstrap/hnb659fds/version', Type: 'String', Value: '30' }),
    });
    synthesized = synthesize({ policy: { artifact, values: {} }, outdir });
    const cdk = join(root, 'node_modules/aws-cdk/bin/cdk');
    const args = [cdk, 'publish-assets', '--unstable=publish-assets', '--app', outdir, '--no-notices', '--ci'];
    const env = {
      ...compiledOnce,
      ...{ PATH: process.env['PATH'], HOME: outdir, CDK_DISABLE_CLI_TELEMETRY: 'true' },
      ...{ AWS_ENDPOINT_URL: moto.url, AWS_REGION: region },
      ...{ AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'not-a-secret' },
    };
    await promisify(execFile)(process.execPath, args, { cwd: root, env });
  });

  afterAll(async () => {
    await moto?.close();
    rmSync(outdir, { recursive: true, force: true });
  });

  test('puts the code of every function where the template says, and what is in it is what was made', async () => {
    const resources = Object.values(synthesized.template['Resources'] as Record<string, unknown>) as {
      readonly Type: string;
      readonly Properties?: { readonly Code?: { readonly S3Bucket: unknown; readonly S3Key: string } };
    }[];
    const functions = resources.filter(({ Type }) => Type === 'AWS::Lambda::Function');
    expect(functions.length).toBeGreaterThan(10);
    for (const { Properties } of functions) {
      const { S3Bucket, S3Key = '' } = Properties?.Code ?? {};
      expect(S3Bucket).toEqual({ 'Fn::Sub': 'cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}' });
      const folder = synthesized.assets.get(S3Key) ?? '';
      const files = unzipped((await object(S3Key)) ?? Buffer.alloc(0));
      expect(files.get('index.mjs')?.equals(readFileSync(join(folder, 'index.mjs')))).toBe(true);
      for (const [name, bytes] of files) expect(bytes.equals(readFileSync(join(folder, name)))).toBe(true);
    }
    expect(await object(`${'0'.repeat(64)}.zip`)).toBeUndefined();
  });

  test('the policy is in the code of who reads it, and in no other', async () => {
    const withPolicy = [...synthesized.assets].map(async ([key]) => unzipped((await object(key)) ?? Buffer.alloc(0)));
    const found = (await Promise.all(withPolicy)).filter((files) => files.has('policy.json'));
    expect(found).toHaveLength(policyReaders.length);
    for (const files of found) expect(JSON.parse(String(files.get('policy.json')))).toEqual(artifact);
  });

  test('puts the very template that was synthesized', async () => {
    const manifest = JSON.parse(readFileSync(join(outdir, 'Cambio.assets.json'), 'utf8')) as {
      readonly files: Readonly<
        Record<
          string,
          {
            readonly source: { readonly path: string };
            readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
          }
        >
      >;
    };
    const template = Object.values(manifest.files).find(({ source }) => source.path === 'Cambio.template.json');
    const [{ objectKey = '' } = {}] = Object.values(template?.destinations ?? {});
    expect(JSON.parse(String(await object(objectKey)))).toEqual(synthesized.template);
  });
});
