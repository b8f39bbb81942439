// The public documents in the bucket that CloudFront serves them from: written at deploy, the keys whenever the keyring changes.
import type { Keyring } from '../oauth/jose/keyring.ts';
import { documentHeaders, keySetDocument, type PublicDocument } from '../oauth/public-documents.ts';
import { type BucketOptions, callS3, s3Error } from './s3.ts';

export type DocumentsOptions = Omit<BucketOptions, 'bucket'> & { readonly bucket: string | undefined };

/** Puts a document where verifiers fetch it. @throws Error named as S3 names what is wrong */
export type PutDocument = (document: PublicDocument) => Promise<void>;

/** @throws Error where there is no bucket */
export function createPutDocument({ bucket, ...given }: DocumentsOptions): PutDocument {
  if (bucket === undefined) throw new Error('there is no bucket for documents');
  const options = { ...given, bucket };
  const headers = {
    'content-type': documentHeaders['Content-Type'],
    'cache-control': documentHeaders['Cache-Control'],
  };
  return async ({ path, body }) => {
    const put = { method: 'PUT', name: path.slice(1), bytes: Buffer.from(body), headers } as const;
    const answer = await callS3(put, options);
    if (answer.status !== 200) throw s3Error('PutObject', answer);
  };
}

/**
 * What publishes the keys after a change of the keyring: into the bucket, where there is one; where not, the function of the JWK
 * Set reads the keyring itself.
 * @param read as {@link publishKeySet} has it
 */
export function createPublishKeys(options: DocumentsOptions, read: () => Promise<Keyring>): () => Promise<void> {
  if (options.bucket === undefined) return async () => {};
  const put = createPutDocument(options);
  return () => publishKeySet(read, put);
}

/** Writers that change the keyring all the time would be a mistake. */
const mostRounds = 10;

/**
 * Publishes the keys of the keyring as it is, and again until it has not changed meanwhile: of two who publish at once the last
 * to write may have read first. Call it after every change of the keyring; twice does no harm.
 * @param read the item itself, not a copy that is kept for a while
 * @throws Error when S3 refuses, or the keyring never stands still
 */
export async function publishKeySet(read: () => Promise<Keyring>, put: PutDocument): Promise<void> {
  let published: string | undefined;
  for (let round = 0; round < mostRounds; round += 1) {
    const document = keySetDocument(await read());
    if (document.body === published) return;
    await put(document);
    published = document.body;
  }
  throw new Error('the keyring changes while it is published');
}
