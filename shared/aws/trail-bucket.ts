// The audit trail in its bucket: three operations of S3.
import type { TrailStore } from '../audit/append.ts';
import { type BucketOptions, callS3, s3Error } from './s3.ts';

export function createTrailBucket(options: BucketOptions): TrailStore {
  const list = async (prefix: string, after?: string): Promise<readonly string[]> => {
    const names: string[] = [];
    for (let from = after; ; from = names.at(-1)) {
      const { status, body } = await callS3({ method: 'GET', query: listQuery(prefix, from) }, options);
      if (status !== 200) throw s3Error('ListObjectsV2', { status, body });
      const xml = body.toString('utf8');
      const page = [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, name = '']) => name);
      names.push(...page);
      if (page.length === 0 || !xml.includes('<IsTruncated>true</IsTruncated>')) return names;
    }
  };
  return {
    list,
    get: async (name) => {
      const { status, body } = await callS3({ method: 'GET', name }, options);
      if (status === 404) return undefined;
      if (status !== 200) throw s3Error('GetObject', { status, body });
      return body;
    },
    put: async (name, bytes) => {
      const once = { 'if-none-match': '*' };
      const { status, body } = await callS3({ method: 'PUT', name, bytes, headers: once }, options);
      if (status === 412) return false;
      if (status !== 200) throw s3Error('PutObject', { status, body });
      return true;
    },
  };
}

function listQuery(prefix: string, after: string | undefined): string {
  const from = after === undefined ? [] : [`start-after=${encodeURIComponent(after)}`];
  return ['list-type=2', `prefix=${encodeURIComponent(prefix)}`, ...from].join('&');
}
