// The local S3: what it keeps, what it refuses, whom it records; and, where moto is right, that moto says the same.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError } from '../../../../infra/local/protocol/aws-error.ts';
import { type CallS3, createS3Client } from '../../../../infra/local/s3/client.ts';
import { type S3Options, startS3 } from '../../../../infra/local/s3/s3.ts';
import type { Physical } from '../../../../infra/local/template/deployment.ts';
import { provisionBuckets } from '../../../../infra/local/template/provision-buckets.ts';
import { engines } from '../../../dynamodb-engines.ts';
import { admin, adminArn, authorization, emulatorOptions, region } from '../emulators.ts';

const day = 86_400_000;

async function s3World(extra: Partial<S3Options> = {}) {
  const { calls, faults, options } = emulatorOptions();
  const secretOf = (id: string) => (id === admin.accessKeyId ? admin.secretAccessKey : undefined);
  const service = await startS3({ ...options, secretOf, ...extra });
  return { ...operationsOf(service.url), calls, faults, url: service.url, close: service.close };
}

/** The operations as tests use them. */
function operationsOf(endpoint: string) {
  const call = createS3Client({ endpoint, region, credentials: admin });
  return {
    call,
    make: async (bucket: string, rule?: string) => {
      const headers: Record<string, string> = rule === undefined ? {} : { 'x-amz-bucket-object-lock-enabled': 'true' };
      const location = `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
      await call({ method: 'PUT', bucket, headers, body: location });
      if (!rule) return;
      const body = `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>${rule}</DefaultRetention></Rule></ObjectLockConfiguration>`;
      await call({ method: 'PUT', bucket, query: { 'object-lock': '' }, body });
    },
    put: (bucket: string, key: string, body = 'body', headers: Record<string, string> = {}) =>
      call({ method: 'PUT', bucket, key, body, headers }),
    get: async (bucket: string, key: string, versionId?: string) => {
      const answer = await call({ method: 'GET', bucket, key, ...(versionId && { query: { versionId } }) });
      return answer.body.toString();
    },
    remove: (bucket: string, key: string, versionId?: string, headers: Record<string, string> = {}) =>
      call({ method: 'DELETE', bucket, key, headers, ...(versionId && { query: { versionId } }) }),
    list: async (bucket: string, query: Record<string, string> = {}) =>
      (await call({ method: 'GET', bucket, query: { 'list-type': '2', ...query } })).body.toString(),
  };
}

function elements(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, value = '']) => value);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: unknown) => (error instanceof AwsError ? `${error.status} ${error.code}` : String(error)),
  );
}

const versionOf = (answer: Awaited<ReturnType<CallS3>>): string => answer.headers.get('x-amz-version-id') ?? '';

let world: Awaited<ReturnType<typeof s3World>>;
const clock = { now: Date.now() };
beforeAll(async () => {
  world = await s3World({ clock: () => clock.now });
  await world.make('plain-bucket');
  await world.make('locked-bucket', '<Mode>GOVERNANCE</Mode><Days>2</Days>');
  await world.make('strict-bucket', '<Mode>COMPLIANCE</Mode><Years>1</Years>');
});
afterAll(() => world.close());

/** What S3 and its emulators agree on, each on buckets of its own. */
function describeObjects(what: string, open: () => ReturnType<typeof operationsOf>): void {
  describe(what, () => {
    it('gives an object back as it was put, with its headers and its length', async () => {
      const { make, put, get, call } = open();
      await make('given-back');
      const headers = { 'content-type': 'application/x-ndjson', 'x-amz-meta-next': 'b' };
      const { headers: said } = await put('given-back', 'folder/a b+c', 'one\ntwo', headers);
      expect(said.get('etag')).toBe(`"${createHash('md5').update('one\ntwo').digest('hex')}"`);
      expect(await get('given-back', 'folder/a b+c')).toBe('one\ntwo');
      const head = await call({ method: 'HEAD', bucket: 'given-back', key: 'folder/a b+c' });
      const told = ['content-type', 'x-amz-meta-next', 'content-length'].map((name) => head.headers.get(name));
      expect(told).toEqual(['application/x-ndjson', 'b', '7']);
      expect(await codeOf(get('given-back', 'folder/a b'))).toBe('404 NoSuchKey');
      expect(await codeOf(get('of-nobody', 'folder/a b+c'))).toBe('404 NoSuchBucket');
    });

    it('puts under a key that is free, if told so, and not over an object', async () => {
      const { make, put, get } = open();
      await make('conditional');
      const once = { 'if-none-match': '*' };
      await put('conditional', 'a', 'first', once);
      expect(await codeOf(put('conditional', 'a', 'second', once))).toBe('412 PreconditionFailed');
      expect(await get('conditional', 'a')).toBe('first');
      await put('conditional', 'a', 'third');
      expect(await get('conditional', 'a')).toBe('third');
    });

    it('lists keys in the order of their bytes, by prefix, after a key, and page by page', async () => {
      const { make, put, list } = open();
      await make('listed');
      for (const key of ['b/2', 'b/10', 'a', 'b/1', 'ä', 'c']) await put('listed', key);
      expect(elements(await list('listed'), 'Key')).toEqual(['a', 'b/1', 'b/10', 'b/2', 'c', 'ä']);
      expect(elements(await list('listed', { prefix: 'b/' }), 'Key')).toEqual(['b/1', 'b/10', 'b/2']);
      expect(elements(await list('listed', { prefix: 'b/', 'start-after': 'b/10' }), 'Key')).toEqual(['b/2']);
      const first = await list('listed', { 'max-keys': '4' });
      expect([elements(first, 'Key').length, ...elements(first, 'IsTruncated')]).toEqual([4, 'true']);
      const [token = ''] = elements(first, 'NextContinuationToken');
      const rest = await list('listed', { 'max-keys': '4', 'continuation-token': token });
      expect([elements(rest, 'Key'), ...elements(rest, 'IsTruncated')]).toEqual([['c', 'ä'], 'false']);
      const folders = await list('listed', { delimiter: '/' });
      expect([elements(folders, 'Key'), elements(folders, 'Prefix').filter(Boolean)]).toEqual([
        ['a', 'c', 'ä'],
        ['b/'],
      ]);
    });

    it('keeps every version of a bucket with Object Lock, and covers a deleted one with a marker', async () => {
      const { make, put, get, remove, list, call } = open();
      await make('with-versions', '<Mode>GOVERNANCE</Mode><Days>1</Days>');
      const one = versionOf(await put('with-versions', 'a', 'one'));
      const two = versionOf(await put('with-versions', 'a', 'two'));
      expect(await get('with-versions', 'a', one)).toBe('one');
      const removed = await remove('with-versions', 'a');
      expect([removed.status, removed.headers.get('x-amz-delete-marker')]).toEqual([204, 'true']);
      expect(await codeOf(get('with-versions', 'a'))).toBe('404 NoSuchKey');
      expect(await get('with-versions', 'a', two)).toBe('two');
      expect(elements(await list('with-versions'), 'Key')).toEqual([]);
      const versions = await call({ method: 'GET', bucket: 'with-versions', query: { versions: '' } });
      expect(elements(versions.body.toString(), 'VersionId').sort()).toEqual([versionOf(removed), two, one].sort());
      await put('with-versions', 'a', 'three', { 'if-none-match': '*' });
      expect(await get('with-versions', 'a')).toBe('three');
    });
  });
}

describeObjects('the local S3', () => world);

const moto = engines.find(({ name }) => name === 'moto') ?? expect.fail('no moto');
describe.skipIf(!moto.available)(`moto${moto.available ? '' : ' (SKIPPED: not installed)'}`, () => {
  let server: Awaited<ReturnType<typeof moto.start>>;
  beforeAll(async () => {
    server = await moto.start();
  });
  afterAll(() => server?.close());
  describeObjects('as a second implementation', () => operationsOf(server.url));
});

describe('a list of versions', () => {
  it('has those of each key and its markers among them, the newest first, page by page', async () => {
    const bucket = 'locked-bucket';
    const ids = [];
    for (const work of ['put', 'remove', 'put'] as const) ids.unshift(versionOf(await world[work](bucket, 'v/a')));
    ids.push(versionOf(await world.put(bucket, 'v/b')));
    const page = async (query: Record<string, string>) => {
      const answer = await world.call({ method: 'GET', bucket, query: { versions: '', prefix: 'v/', ...query } });
      return answer.body.toString();
    };
    expect(elements(await page({}), 'VersionId')).toEqual(ids);
    expect(elements(await page({}), 'IsLatest')).toEqual(['true', 'false', 'false', 'true']);
    const first = await page({ 'max-keys': '2' });
    expect(elements(first, 'VersionId')).toEqual(ids.slice(0, 2));
    const [key = ''] = elements(first, 'NextKeyMarker');
    const [id = ''] = elements(first, 'NextVersionIdMarker');
    expect(elements(await page({ 'key-marker': key, 'version-id-marker': id }), 'VersionId')).toEqual(ids.slice(2));
  });
});

describe('a version under Object Lock', () => {
  it('is deleted once its retention has ended, and before that only by who may pass governance by', async () => {
    const kept = versionOf(await world.put('locked-bucket', 'kept'));
    const passed = versionOf(await world.put('locked-bucket', 'passed'));
    const bypass = { 'x-amz-bypass-governance-retention': 'true' };
    expect(await codeOf(world.remove('locked-bucket', 'kept', kept))).toBe('403 AccessDenied');
    expect(await codeOf(world.remove('locked-bucket', 'passed', passed, bypass))).toBe('none');
    expect(world.calls.at(-1)).toMatchObject({ action: 's3:BypassGovernanceRetention', principal: adminArn });
    expect(await codeOf(world.get('locked-bucket', 'passed', passed))).toBe('404 NoSuchVersion');
    clock.now += 2 * day;
    expect(await codeOf(world.remove('locked-bucket', 'kept', kept))).toBe('none');
    expect(await codeOf(world.get('locked-bucket', 'kept', kept))).toBe('404 NoSuchVersion');
  });

  it('in compliance mode is deleted by nobody before its time', async () => {
    const id = versionOf(await world.put('strict-bucket', 'a'));
    const bypass = { 'x-amz-bypass-governance-retention': 'true' };
    expect(await codeOf(world.remove('strict-bucket', 'a', id, bypass))).toBe('403 AccessDenied');
    expect(await world.get('strict-bucket', 'a', id)).toBe('body');
  });

  it('is kept for longer by anybody, and for less only past governance', async () => {
    const bucket = 'locked-bucket';
    const id = versionOf(await world.put(bucket, 'moved'));
    const retain = (until: number, headers: Record<string, string> = {}, mode = 'GOVERNANCE') => {
      const date = new Date(until).toISOString();
      const body = `<Retention><Mode>${mode}</Mode><RetainUntilDate>${date}</RetainUntilDate></Retention>`;
      return world.call({
        method: 'PUT',
        bucket,
        key: 'moved',
        query: { retention: '', versionId: id },
        headers,
        body,
      });
    };
    const longer = clock.now + 9 * day;
    expect(await codeOf(retain(longer))).toBe('none');
    expect(await codeOf(retain(longer - day))).toBe('403 AccessDenied');
    expect(await codeOf(retain(clock.now - day))).toBe('400 InvalidArgument');
    expect(await codeOf(retain(longer - day, { 'x-amz-bypass-governance-retention': 'true' }))).toBe('none');
    const { headers } = await world.call({ method: 'HEAD', bucket, key: 'moved' });
    expect(headers.get('x-amz-object-lock-retain-until-date')).toBe(new Date(longer - day).toISOString());
    expect(headers.get('x-amz-object-lock-mode')).toBe('GOVERNANCE');
  });

  it('takes its retention from its headers, where the bucket has Object Lock', async () => {
    const until = new Date(clock.now + 5 * day).toISOString();
    const lock = { 'x-amz-object-lock-mode': 'COMPLIANCE', 'x-amz-object-lock-retain-until-date': until };
    expect(await codeOf(world.put('plain-bucket', 'a', 'body', lock))).toBe('400 InvalidRequest');
    expect(await codeOf(world.put('locked-bucket', 'own', 'body', lock))).toBe('none');
    const { 'x-amz-object-lock-mode': mode } = lock;
    expect(await codeOf(world.put('locked-bucket', 'own', 'body', { 'x-amz-object-lock-mode': mode }))).toBe(
      '400 InvalidArgument',
    );
    const { headers } = await world.call({ method: 'HEAD', bucket: 'locked-bucket', key: 'own' });
    expect([headers.get('x-amz-object-lock-mode'), headers.get('x-amz-object-lock-retain-until-date')]).toEqual([
      'COMPLIANCE',
      until,
    ]);
  });
});

describe('a request of S3', () => {
  const bucket = 'plain-bucket';
  const send = (headers: Record<string, string>, body = 'body', path = `/${bucket}/raw`, method = 'PUT') =>
    fetch(`${world.url}${path}`, {
      method,
      headers: { 'x-amz-date': '20260101T000000Z', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...headers },
      ...(method === 'PUT' && { body }),
    });
  // Of a principal whose secret the service does not know, so that only the form of its header counts.
  const credential = authorization('s3', 'ASIALAMBDALAMBDALAM1');
  const signed = (...more: string[]) => ({
    authorization: credential.replace(
      'host;x-amz-date',
      ['host', 'x-amz-date', 'x-amz-content-sha256', ...more].join(';'),
    ),
  });
  const outcome = async (answer: Promise<Response>) => {
    const { status } = await answer;
    return `${status} ${elements(await (await answer).text(), 'Code').join('')}`.trim();
  };

  it('needs a known caller, who signs for S3, over the host and all that tells S3 what to do', async () => {
    expect(await outcome(send(signed()))).toBe('200');
    expect(await outcome(send({}))).toBe('403 AccessDenied');
    expect(await outcome(send({ authorization: authorization('kms') }))).toBe('400 AuthorizationHeaderMalformed');
    expect(await outcome(send({ authorization: authorization('s3', 'AKIANOBODYNOBODYNOBO') }))).toBe(
      '403 InvalidAccessKeyId',
    );
    expect(await outcome(send({ ...signed(), 'x-amz-meta-a': 'b' }))).toBe('403 AccessDenied');
    expect(await outcome(send({ ...signed('x-amz-meta-a'), 'x-amz-meta-a': 'b' }))).toBe('200');
    expect(await outcome(send({ authorization: credential }))).toBe('403 AccessDenied');
    const wrong = signed().authorization.replace('ASIALAMBDALAMBDALAM1', admin.accessKeyId);
    expect(await outcome(send({ authorization: wrong }))).toBe('403 SignatureDoesNotMatch');
  });

  it('is of the body that its headers speak of', async () => {
    const md5 = (text: string) => createHash('md5').update(text).digest('base64');
    const sha256 = (text: string) => createHash('sha256').update(text).digest('base64');
    const ofBody = (name: string, value: string) => outcome(send({ ...signed(name), [name]: value }));
    const hash = createHash('sha256').update('body').digest('hex');
    expect(await outcome(send({ ...signed(), 'x-amz-content-sha256': hash }))).toBe('200');
    expect(await outcome(send({ ...signed(), 'x-amz-content-sha256': hash }, 'other'))).toBe(
      '400 XAmzContentSHA256Mismatch',
    );
    expect([await ofBody('content-md5', md5('body')), await ofBody('content-md5', md5('other'))]).toEqual([
      '200',
      '400 BadDigest',
    ]);
    const name = 'x-amz-checksum-sha256';
    expect([await ofBody(name, sha256('body')), await ofBody(name, sha256('other'))]).toEqual(['200', '400 BadDigest']);
    const crc = (text: string) => Buffer.from(crc32(text).toString(16).padStart(8, '0'), 'hex').toString('base64');
    const byCrc = [
      await ofBody('x-amz-checksum-crc32', crc('body')),
      await ofBody('x-amz-checksum-crc32', crc('other')),
    ];
    expect(byCrc).toEqual(['200', '400 BadDigest']);
    expect(await ofBody('x-amz-checksum-crc32c', 'AAAAAA==')).toBe('501 NotImplemented');
    expect(await ofBody('x-amz-sdk-checksum-algorithm', 'SHA256')).toBe('400 InvalidRequest');
  });

  it('that is put into a bucket with Object Lock has to prove what it sends', async () => {
    const name = 'x-amz-checksum-sha256';
    const proof = { ...signed(name), [name]: createHash('sha256').update('body').digest('base64') };
    expect(await outcome(send(signed(), 'body', '/locked-bucket/raw'))).toBe('400 InvalidRequest');
    expect(await outcome(send(proof, 'body', '/locked-bucket/raw'))).toBe('200');
  });

  it('is refused where this S3 would not do all that it says', async () => {
    expect(await outcome(send({ ...signed(), range: 'bytes=0-1' }, '', `/${bucket}/raw`, 'GET'))).toBe(
      '501 NotImplemented',
    );
    expect(await outcome(send(signed(), '', `/${bucket}/raw`, 'GET'))).toBe('200');
    expect(await outcome(send({ ...signed('x-amz-acl'), 'x-amz-acl': 'public-read' }))).toBe('501 NotImplemented');
    expect(await outcome(send(signed(), '', `/${bucket}/raw?tagging`, 'GET'))).toBe('501 NotImplemented');
    expect(await outcome(send(signed(), 'body', `/${bucket}/${'k'.repeat(1025)}`))).toBe('400 KeyTooLongError');
    expect(await outcome(send(signed(), 'body', `/${bucket}/${'k'.repeat(1024)}`))).toBe('200');
  });

  it('names the bucket in its path or in its host', async () => {
    await world.make('hosted-bucket');
    await world.put('hosted-bucket', 'a/b', 'in the path');
    const { hostname, port } = new URL(world.url);
    const headers = {
      ...signed(),
      'x-amz-date': '20260101T000000Z',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      host: `hosted-bucket.localhost:${port}`,
    };
    const [answer] = (await once(request({ hostname, port, path: '/a/b', headers }).end(), 'response')) as [Readable];
    const text = (await answer.toArray()).join('');
    expect(text).toBe('in the path');
  });

  it('is recorded by principal, action and resource, with what a condition may ask for', async () => {
    world.calls.length = 0;
    await world.put('plain-bucket', 'recorded/a', 'a', { 'if-none-match': '*' });
    await world.list('plain-bucket', { prefix: 'recorded/' });
    await codeOf(world.get('plain-bucket', 'recorded/b'));
    const arn = 'arn:aws:s3:::plain-bucket';
    expect(world.calls.map(({ principal, action, resource }) => [principal, action, resource])).toEqual([
      [adminArn, 's3:PutObject', `${arn}/recorded/a`],
      [adminArn, 's3:ListBucket', arn],
      [adminArn, 's3:GetObject', `${arn}/recorded/b`],
      // Who may not list is told AccessDenied instead.
      [adminArn, 's3:ListBucket', arn],
    ]);
    expect(world.calls[0]?.context).toMatchObject({ 's3:if-none-match': '*' });
    expect(world.calls[1]?.context).toMatchObject({ 's3:prefix': 'recorded/' });
  });

  it('suffers the faults that a test injects', async () => {
    world.faults.inject = ({ action }) => (action === 's3:PutObject' ? { code: 'SlowDown', status: 503 } : undefined);
    expect(await codeOf(world.put('plain-bucket', 'slow'))).toBe('503 SlowDown');
    world.faults.inject = () => undefined;
    expect(await codeOf(world.put('plain-bucket', 'slow'))).toBe('none');
  });
});

describe('a bucket of the template', () => {
  it('is made with its versions and its Object Lock, and found again', async () => {
    const lock = { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Years: 1 } } };
    const template = {
      Resources: {
        Trail: { Type: 'AWS::S3::Bucket', Properties: { ObjectLockEnabled: true, ObjectLockConfiguration: lock } },
        Kept: { Type: 'AWS::S3::Bucket', Properties: { VersioningConfiguration: { Status: 'Enabled' } } },
        Plain: { Type: 'AWS::S3::Bucket', Properties: {} },
      },
    };
    const created = new Map<string, Physical>();
    const remembered = new Map<string, Physical & { readonly madeWith: string }>();
    const state = {
      find: (id: string) => remembered.get(id),
      remember: (id: string, resource: Physical & { readonly madeWith: string }) => void remembered.set(id, resource),
    };
    const client = { endpoint: world.url, region, credentials: admin };
    const provision = () =>
      provisionBuckets({ template, resolve: (value) => value, state, created, client, store: 'embedded' });
    await provision();
    const refs = Object.fromEntries([...created].map(([id, { ref }]) => [id, ref]));
    expect(created.get('Trail')?.attributes).toMatchObject({ Arn: `arn:aws:s3:::${refs['Trail']}` });
    const { Trail = '', Kept = '', Plain = '' } = refs;
    const head = async (bucket: string) => {
      await world.put(bucket, 'a');
      const { headers } = await world.call({ method: 'HEAD', bucket, key: 'a' });
      return [headers.has('x-amz-version-id'), headers.get('x-amz-object-lock-mode')];
    };
    expect([await head(Trail), await head(Kept), await head(Plain)]).toEqual([
      [true, 'GOVERNANCE'],
      [true, null],
      [false, null],
    ]);
    created.clear();
    await provision();
    expect(Object.fromEntries([...created].map(([id, { ref }]) => [id, ref]))).toEqual(refs);
  });
});

describe('an S3 with a folder', () => {
  it('has its buckets, versions and locks at its next start', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cambio-test-'));
    const first = await s3World({ directory });
    await first.make('lasting', '<Mode>COMPLIANCE</Mode><Days>1</Days>');
    const one = versionOf(await first.put('lasting', 'a', 'one'));
    await first.put('lasting', 'a', 'two');
    await first.close();
    const second = await s3World({ directory });
    expect([await second.get('lasting', 'a'), await second.get('lasting', 'a', one)]).toEqual(['two', 'one']);
    expect(await codeOf(second.remove('lasting', 'a', one))).toBe('403 AccessDenied');
    await second.close();
    rmSync(directory, { recursive: true });
  });
});
