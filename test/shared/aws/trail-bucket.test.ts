// The audit trail in a bucket: what is written once stays, names come in their order, and the command reads what the functions wrote.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createS3Client } from '../../../infra/local/s3/client.ts';
import { startS3 } from '../../../infra/local/s3/s3.ts';
import type { TrailStore } from '../../../shared/audit/append.ts';
import { createTrailBucket } from '../../../shared/aws/trail-bucket.ts';
import { cambioIn, inTheWorld } from '../../cli/cambio.ts';
import { admin, emulatorOptions, region } from '../../infra/local/emulators.ts';
import { signedTrail } from '../audit/trail-world.ts';

let s3: Awaited<ReturnType<typeof startS3>>;
let store: TrailStore;
const bucket = 'trail-of-tests';
const { calls, options } = emulatorOptions();
const keys = { accessKeyId: admin.accessKeyId, secretAccessKey: admin.secretAccessKey };
const bucketOf = (endpoint: string) =>
  createTrailBucket({ bucket, region, endpoint, keys: () => keys, clock: Date.now, random: () => 0 });

beforeAll(async () => {
  s3 = await startS3({ ...options, secretOf: () => admin.secretAccessKey });
  const call = createS3Client({ endpoint: s3.url, region, credentials: admin });
  const body = `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
  await call({ method: 'PUT', bucket, headers: { 'x-amz-bucket-object-lock-enabled': 'true' }, body });
  store = bucketOf(s3.url);
});
afterAll(() => s3.close());

test('an object is written once, and read as it was written', async () => {
  const bytes = Uint8Array.of(0, 255, 10, 13);
  expect(await store.put('events/2026-11-26/s/0000000001.jsonl.gz', bytes)).toBe(true);
  expect(await store.put('events/2026-11-26/s/0000000001.jsonl.gz', Uint8Array.of(1))).toBe(false);
  expect(new Uint8Array((await store.get('events/2026-11-26/s/0000000001.jsonl.gz')) ?? [])).toEqual(bytes);
  expect(await store.get('events/2026-11-26/s/0000000002.jsonl.gz')).toBeUndefined();
});

test('names come in order, below a prefix and behind one of them', async () => {
  for (const name of ['heads/b', 'heads/a', 'heads/c']) await store.put(name, Uint8Array.of(1));
  expect(await store.list('heads/')).toEqual(['heads/a', 'heads/b', 'heads/c']);
  expect(await store.list('heads/', 'heads/a')).toEqual(['heads/b', 'heads/c']);
  expect(await store.list('none/')).toEqual([]);
});

test('what S3 refuses is an error that says so', async () => {
  const stranger = createTrailBucket({
    ...{ bucket, region, endpoint: s3.url, clock: Date.now, random: () => 0 },
    keys: () => ({ ...keys, secretAccessKey: 'another' }),
  });
  await expect(stranger.get('heads/a')).rejects.toThrow(/S3 answered GetObject with 403 \w+/);
  expect(await store.get('heads/a')).toBeDefined();
});

test('the command finds the trail in its bucket whole, and what was hidden, written over or taken out of it', async () => {
  const { objects } = await signedTrail();
  const call = createS3Client({ endpoint: s3.url, region, credentials: admin });
  for (const [name, bytes] of objects)
    await call({ method: 'PUT', bucket, key: `copy/${name}`, body: Buffer.from(bytes) });
  const environment = {
    ...{ AWS_ACCESS_KEY_ID: admin.accessKeyId, AWS_SECRET_ACCESS_KEY: admin.secretAccessKey },
    ...{ AWS_REGION: region, AWS_ENDPOINT_URL_S3: s3.url },
  };
  const words = ['--trail', `s3://${bucket}/copy`, '--until', '1795696200'];
  const verify = (...more: string[]) => cambioIn(inTheWorld(environment), 'audit', 'verify', ...words, ...more);
  const linesOf = ({ stdout }: { readonly stdout: string }) => stdout.trimEnd().split('\n');
  const complete = expect.stringContaining('trail: complete: 3 heads, 6 objects');
  expect(await verify()).toMatchObject({ exit: 0, stdout: complete });
  expect(calls.map(({ action }) => action)).not.toContain('s3:GetObjectVersion');

  const [hidden, changed] = [2, 3].map((index) => `events/2026-11-26/shardId-1/000000000${index}.jsonl.gz`);
  await call({ method: 'DELETE', bucket, key: `copy/${hidden}` });
  await call({ method: 'PUT', bucket, key: `copy/${changed}`, body: Buffer.from('something else') });
  const laidOver = await verify();
  expect([laidOver.exit, linesOf(laidOver)]).toEqual([
    1,
    [
      `${hidden}: deleted: a marker hides it; what it hides is read`,
      `${changed}: changed: it was written again; what was there first is read`,
      expect.stringContaining('trail: 2 findings: 3 heads, 6 objects, 10 events'),
    ],
  ]);
  // A marker is how S3 begins to delete what has ended.
  const sinceNow = await verify('--since', String(Math.ceil(Date.now() / 1_000)));
  expect(linesOf(sinceNow)[0]).toMatch(/written again/);

  const versions = (await call({ method: 'GET', bucket, query: { versions: '', prefix: `copy/${hidden}` } })).body;
  const [, versionId = ''] = /<Version>.*?<VersionId>([^<]+)/s.exec(versions.toString()) ?? [];
  await call({ method: 'DELETE', bucket, key: `copy/${hidden}`, query: { versionId } });
  const takenOut = await verify();
  expect([takenOut.exit, linesOf(takenOut)]).toEqual([1, expect.arrayContaining([`${hidden}: missing`])]);
});
