// A trail to read: a folder with a copy of it, or its bucket, with the caller's own AWS credentials. Files; network, through the machine.
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { TrailReader } from '../shared/audit/verify-trail.ts';
import { CallFailed, failureOf } from './call-failed.ts';
import { ambientRegion } from './environment.ts';
import { withRetries } from './fetch.ts';
import { NoAnswer } from './http-client.ts';
import type { Machine } from './machine.ts';
import { credentialsFrom, signRequest } from './sigv4.ts';
import { UsageError } from './usage.ts';

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
  return {
    names: async () => {
      const names: string[] = [];
      for (let after: string | undefined = ''; after !== undefined; ) {
        const url = new URL(base);
        url.search = String(
          new URLSearchParams({ 'list-type': '2', prefix: root, ...(after && { 'start-after': after }) }),
        );
        const xml = (await get(url)).toString('utf8');
        const page = [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key);
        names.push(...page.map((key) => key.slice(root.length)));
        after = xml.includes('<IsTruncated>true</IsTruncated>') ? page.at(-1) : undefined;
      }
      return names;
    },
    read: (name) => get(new URL(`${root}${name}`, base)),
  };
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
  const right = answer.status === 403 ? ': IAM has to let you call s3:ListBucket and s3:GetObject' : '';
  throw new CallFailed({ ...failureOf(answer, machine.clock()), description: `S3 answered ${code}${right}` });
}
