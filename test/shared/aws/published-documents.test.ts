// Documents in the bucket that CloudFront serves: what S3 keeps of them, and two who publish at once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createS3Client } from '../../../infra/local/s3/client.ts';
import { startS3 } from '../../../infra/local/s3/s3.ts';
import { createPutDocument, type PutDocument, publishKeySet } from '../../../shared/aws/published-documents.ts';
import type { Keyring } from '../../../shared/oauth/jose/keyring.ts';
import { documentHeaders, keySetDocument, type PublicDocument } from '../../../shared/oauth/public-documents.ts';
import { admin, emulatorOptions, region } from '../../infra/local/emulators.ts';

const bucket = 'documents-of-tests';
const { faults, options } = emulatorOptions();
let s3: Awaited<ReturnType<typeof startS3>>;
const s3Of = () => createS3Client({ endpoint: s3.url, region, credentials: admin });
const putInto = (name: string): PutDocument =>
  createPutDocument({
    ...{ bucket: name, region, endpoint: s3.url, keys: () => admin, clock: Date.now, random: () => 0 },
  });

beforeAll(async () => {
  s3 = await startS3({ ...options, secretOf: () => admin.secretAccessKey });
  const body = `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
  await s3Of()({ method: 'PUT', bucket, body });
});
afterAll(() => s3.close());

const keyringOf = (...names: readonly string[]): Keyring => ({
  keys: names.map((kid) => ({
    ...{ kid, alg: 'ES256', keyId: `arn:${kid}`, state: 'current' },
    publicJwk: { kty: 'EC', crv: 'P-256', x: kid, y: kid },
  })),
});

test('a document lies there as it is served: its type, how long it is kept, its bytes', async () => {
  const document = keySetDocument(keyringOf('token.a'));
  await putInto(bucket)({ ...document, body: '{"keys":[]}' });
  await putInto(bucket)(document);
  const { body, headers } = await s3Of()({ method: 'GET', bucket, key: '.well-known/jwks.json' });
  expect(body.toString()).toBe(document.body);
  expect(headers.get('content-type')).toBe(documentHeaders['Content-Type']);
  expect(headers.get('cache-control')).toBe(documentHeaders['Cache-Control']);
});

test('what S3 refuses is an error named as S3 names it, and what fails in passing is tried again', async () => {
  const document = keySetDocument(keyringOf('token.a'));
  await expect(putInto('nobodys')(document)).rejects.toMatchObject({
    name: 'NoSuchBucket',
    message: 'S3 answered PutObject with 404 NoSuchBucket',
  });
  let failures = 2;
  faults.inject = ({ action }) =>
    action === 's3:PutObject' && failures-- > 0 ? { code: 'SlowDown', status: 503 } : undefined;
  await expect(putInto(bucket)(document)).resolves.toBeUndefined();
  faults.inject = () => undefined;
});

/** A bucket of one document. */
function shelf() {
  const puts: PublicDocument[] = [];
  return { puts, put: async (document: PublicDocument) => void puts.push(document) };
}

test('a keyring that stands still is published once', async () => {
  const { puts, put } = shelf();
  await publishKeySet(async () => keyringOf('token.a'), put);
  expect(puts).toEqual([keySetDocument(keyringOf('token.a'))]);
});

test('of two who publish at once neither leaves the keys of before behind', async () => {
  const { puts, put } = shelf();
  let keyring = keyringOf('token.a');
  const read = async () => keyring;
  // The slower one has read; before it writes, the keyring changes and is published.
  let isFirst = true;
  const slowPut: PutDocument = async (document) => {
    if (isFirst) {
      isFirst = false;
      keyring = keyringOf('token.a', 'token.b');
      await publishKeySet(read, put);
    }
    await put(document);
  };
  await publishKeySet(read, slowPut);
  expect(puts.at(-1)).toEqual(keySetDocument(keyring));
  expect(puts.map(({ body }) => JSON.parse(body).keys.length)).toEqual([2, 1, 2]);
});

test('a keyring that never stands still, or cannot be read, is an error', async () => {
  let changes = 0;
  const moving = publishKeySet(async () => keyringOf(`token.${changes++}`), shelf().put);
  await expect(moving).rejects.toThrow('the keyring changes while it is published');
  const unread = publishKeySet(() => Promise.reject(new Error('no answer')), shelf().put);
  await expect(unread).rejects.toThrow('no answer');
});
