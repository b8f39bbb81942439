// A trail to read: a folder with a copy of it, or its bucket, with the caller's own AWS credentials. Files; network, through the machine.
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { LaidOver, TrailReader } from '../shared/audit/verify-trail.ts';
import { CallFailed, failureOf } from './call-failed.ts';
import { ambientRegion } from './environment.ts';
import { withRetries } from './fetch.ts';
import { NoAnswer } from './http-client.ts';
import type { Machine } from './machine.ts';
import { credentialsFrom, signRequest } from './sigv4.ts';
import { UsageError } from './usage.ts';
import { elementOf } from './xml-element.ts';

/** @param where a folder, or `s3://BUCKET` with a prefix or without */
export function trailReaderOf(where: string, machine: Machine): TrailReader {
  return where.startsWith('s3://') ? bucketReader(where, machine) : folderReader(where);
}

function folderReader(folder: string): TrailReader {
  return {
    names: async () => {
      try {
        const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
        // `path` is what Node 20 calls it.
        const pathOf = ({ parentPath, path, name }: (typeof entries)[number] & { readonly path?: string }) =>
          join(parentPath ?? path ?? '', name);
        return entries.map((entry) => pathOf(entry).slice(join(folder, sep).length).replaceAll(sep, '/'));
      } catch (cause) {
        throw new UsageError(`${folder}: cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`);
      }
    },
    read: async (name) => readFileSync(join(folder, name)),
  };
}

const maxBytes = 64 * 1024 * 1024;

function bucketReader(where: string, machine: Machine): TrailReader {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{2,62})(?:\/([\w/-]*?))?\/?$/.exec(where) ?? [];
  if (bucket === '') throw new UsageError('--trail is a folder, or s3://BUCKET with a prefix or without');
  const { AWS_ENDPOINT_URL_S3: endpoint } = machine.environment;
  const region = ambientRegion(machine.environment);
  const base = endpoint ? `${endpoint.replace(/\/$/, '')}/${bucket}/` : `https://${bucket}.s3.${region}.amazonaws.com/`;
  const root = prefix === '' ? '' : `${prefix}/`;
  const get = (url: URL): Promise<Buffer> => withRetries(() => getOnce(url, region, machine), machine);
  let listed: Promise<ReadonlyMap<string, Kept>> | undefined;
  const list = (): Promise<ReadonlyMap<string, Kept>> => {
    listed ??= listVersions(async (query) => {
      const url = new URL(base);
      url.search = `versions&${new URLSearchParams({ prefix: root, ...query })}`;
      return (await get(url)).toString('utf8');
    });
    return listed;
  };
  return {
    names: async () => [...(await list()).keys()].map((key) => key.slice(root.length)),
    read: async (name) => {
      const url = new URL(`${root}${name}`, base);
      const { id, laidOver = [] } = (await list()).get(`${root}${name}`) ?? {};
      // Named only where it has to be: it takes a right of its own.
      if (id !== undefined && laidOver.length > 0) url.search = String(new URLSearchParams({ versionId: id }));
      return get(url);
    },
    laidOver: async () =>
      [...(await list())].flatMap(([key, { laidOver, writtenAt }]) =>
        laidOver.map((by) => ({ name: key.slice(root.length), by, writtenAt })),
      ),
  };
}

/** The first version of a name, and what lies over it. */
interface Kept extends Pick<LaidOver, 'writtenAt'> {
  readonly id: string;
  readonly laidOver: readonly LaidOver['by'][];
}

/**
 * By key, in the order of keys. A key of which only markers are left has nothing.
 * @param page asks for one page of versions
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */
async function listVersions(
  page: (query: Readonly<Record<string, string>>) => Promise<string>,
): Promise<ReadonlyMap<string, Kept>> {
  const entries: { readonly key: string; readonly by: LaidOver['by']; readonly xml: string }[] = [];
  for (let query: Readonly<Record<string, string>> | undefined = {}; query; ) {
    const xml = await page(query);
    for (const [, element, inner = ''] of xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)) {
      const by = element === 'Version' ? 'version' : 'marker';
      entries.push({ key: elementOf(inner, 'Key') ?? '', by, xml: inner });
    }
    const [keyMarker = '', idMarker = ''] = ['NextKeyMarker', 'NextVersionIdMarker'].map((of) => elementOf(xml, of));
    const isTruncated = elementOf(xml, 'IsTruncated') === 'true';
    // A page that names no next one would be the first again.
    query = isTruncated && keyMarker !== '' ? { 'key-marker': keyMarker, 'version-id-marker': idMarker } : undefined;
  }
  const kept = new Map<string, Kept>();
  const above = new Map<string, LaidOver['by'][]>();
  // Of a key the newest comes first: when the first that was written comes, all that lies over it is known.
  for (const { key, by, xml } of entries) {
    const laidOver = above.get(key) ?? [];
    if (by === 'version') {
      const [id = '', time = ''] = ['VersionId', 'LastModified'].map((of) => elementOf(xml, of));
      kept.set(key, { id, laidOver: [...laidOver], writtenAt: Date.parse(time) / 1_000 });
    }
    above.set(key, [...laidOver, by]);
  }
  return kept;
}

/** @throws CallFailed */
async function getOnce(url: URL, region: string, machine: Machine): Promise<Buffer> {
  const credentials = credentialsFrom(machine.environment);
  const date = new Date(machine.clock());
  const headers = signRequest({ method: 'GET', url, region, service: 's3', credentials, date });
  const answer = await machine
    .send({ url, headers, encoding: 'latin1', maxBytes, timeoutMs: 30_000 })
    .catch((cause) => {
      if (!(cause instanceof NoAnswer)) throw cause;
      throw new CallFailed({ status: 0, description: cause.message, isFinal: cause.isFinal });
    });
  if (answer.status === 200) return Buffer.from(answer.body, 'latin1');
  const code = /<Code>([\w.]+)<\/Code>/.exec(answer.body)?.[1] ?? `status ${answer.status}`;
  const right =
    answer.status === 403
      ? ': IAM has to let you call s3:ListBucketVersions, s3:GetObject and s3:GetObjectVersion'
      : '';
  throw new CallFailed({ ...failureOf(answer, machine.clock()), description: `S3 answered ${code}${right}` });
}
