// The trust store of clients' certificates, where API Gateway reads it. One request to S3.
import { type BucketOptions, callS3, s3Error } from './s3.ts';

/** One name: its versions are told apart by S3, and a domain names the one it trusts. */
const objectName = 'truststore.pem';

/**
 * Puts the trust store and answers its version.
 * @throws Error named as S3 names what is wrong
 */
export async function putTrustStore(pem: Uint8Array, options: BucketOptions): Promise<string> {
  const headers = { 'content-type': 'application/x-pem-file' };
  const answer = await callS3({ method: 'PUT', name: objectName, bytes: pem, headers }, options);
  if (answer.status !== 200) throw s3Error('PutObject', answer);
  const version = answer.headers['x-amz-version-id'];
  if (typeof version !== 'string') throw new Error('the bucket of the trust store keeps no versions');
  return version;
}
