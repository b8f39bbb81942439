// The buckets of the local S3 and the versions of their objects, in memory or in a folder. I/O: files when told.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Retention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** What new objects of a bucket are kept by, unless they say otherwise. */
export interface DefaultRetention {
  readonly mode: Retention['mode'];
  readonly days: number;
}

export interface Bucket {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly isVersioned: boolean;
  /** Undefined without Object Lock. */
  readonly lock?: { readonly retention?: DefaultRetention } | undefined;
}

export interface ObjectVersion {
  readonly key: string;
  /** `null` in a bucket without versions. Ids of one key are in the order they were written. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly isDeleteMarker: boolean;
  readonly size: number;
  /** With its quotes. */
  readonly etag: string;
  /** Headers of the object as they are given back: Content-Type, `x-amz-meta-*`, checksums. */
  readonly headers: Readonly<Record<string, string>>;
  readonly retention?: Retention | undefined;
}

export interface VersionStore {
  readonly bucket: (name: string) => Bucket | undefined;
  readonly keepBucket: (bucket: Bucket) => void;
  /** Keys in the order of their UTF-8 bytes, each with its versions, the newest first. */
  readonly keys: (bucket: string) => readonly (readonly [key: string, versions: readonly ObjectVersion[]])[];
  /** The newest first. */
  readonly versions: (bucket: string, key: string) => readonly ObjectVersion[];
  readonly body: (bucket: string, version: ObjectVersion) => Buffer;
  /** The newest; in a bucket without versions the only one. */
  readonly add: (bucket: string, version: ObjectVersion, body: Buffer) => void;
  /** The same version with another retention. */
  readonly replace: (bucket: string, version: ObjectVersion) => void;
  readonly remove: (bucket: string, version: ObjectVersion) => void;
  readonly nextId: () => string;
}

interface Kept {
  bucket: Bucket;
  readonly versions: Map<string, ObjectVersion[]>;
  readonly bodies: Map<string, Buffer>;
}

/** Opens what `directory` holds, or an empty store in memory. `clock` in milliseconds. */
export function openVersionStore(directory: string | undefined, clock: () => number): VersionStore {
  const files = directory === undefined ? undefined : openFiles(directory);
  const buckets = new Map<string, Kept>();
  for (const { bucket, versions } of files?.read() ?? []) {
    buckets.set(bucket.name, { bucket, versions, bodies: new Map() });
  }
  const kept = (name: string): Kept => {
    const found = buckets.get(name);
    if (found === undefined) throw new Error(`no bucket ${name}`);
    return found;
  };
  let count = 0;
  return {
    bucket: (name) => buckets.get(name)?.bucket,
    keepBucket: (bucket) => {
      const found = buckets.get(bucket.name);
      if (found) found.bucket = bucket;
      else buckets.set(bucket.name, { bucket, versions: new Map(), bodies: new Map() });
      files?.writeBucket(bucket);
    },
    keys: (name) => [...kept(name).versions].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    versions: (name, key) => kept(name).versions.get(key) ?? [],
    body: (name, version) =>
      kept(name).bodies.get(bodyName(version)) ?? files?.readBody(name, version) ?? Buffer.alloc(0),
    add: (name, version, body) => {
      const { bucket, versions, bodies } = kept(name);
      const earlier = bucket.isVersioned ? (versions.get(version.key) ?? []) : [];
      if (files) files.write(name, version, body);
      else bodies.set(bodyName(version), body);
      versions.set(version.key, [version, ...earlier]);
    },
    replace: (name, version) => {
      const { versions } = kept(name);
      const all = versions.get(version.key) ?? [];
      versions.set(
        version.key,
        all.map((one) => (one.id === version.id ? version : one)),
      );
      files?.write(name, version, undefined);
    },
    remove: (name, version) => {
      const { versions, bodies } = kept(name);
      const left = (versions.get(version.key) ?? []).filter(({ id }) => id !== version.id);
      if (left.length > 0) versions.set(version.key, left);
      else versions.delete(version.key);
      bodies.delete(bodyName(version));
      files?.remove(name, version);
    },
    nextId: () => {
      count += 1;
      const order = clock().toString(36).padStart(9, '0') + count.toString(36).padStart(5, '0');
      return `${order}.${randomBytes(12).toString('base64url')}`;
    },
  };
}

/** Of a key and an id; a key may be too long, or have too much in it, for the name of a file. */
function bodyName({ key, id }: ObjectVersion): string {
  return id === 'null' ? `null.${Buffer.from(key).toString('hex')}` : id;
}

interface ReadBucket {
  readonly bucket: Bucket;
  readonly versions: Map<string, ObjectVersion[]>;
}

interface Files {
  readonly read: () => readonly ReadBucket[];
  readonly writeBucket: (bucket: Bucket) => void;
  readonly write: (bucket: string, version: ObjectVersion, body: Buffer | undefined) => void;
  readonly readBody: (bucket: string, version: ObjectVersion) => Buffer;
  readonly remove: (bucket: string, version: ObjectVersion) => void;
}

/** A folder for each bucket; of each version one file with the body and one, written last, that says what it is. */
function openFiles(directory: string): Files {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = (bucket: string, name: string): string => join(directory, bucket, name);
  // Written beside and renamed: a stack killed meanwhile leaves the old file or the new one.
  const write = (file: string, content: string | Buffer): void => {
    writeFileSync(`${file}.new`, content, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  return {
    read: () => readdirSync(directory).map((name) => readBucket(join(directory, name))),
    writeBucket: (bucket) => {
      mkdirSync(join(directory, bucket.name), { recursive: true, mode: 0o700 });
      write(path(bucket.name, 'bucket.json'), JSON.stringify(bucket));
    },
    write: (bucket, version, body) => {
      const name = bodyName(version);
      if (body) write(path(bucket, `${name}.body`), body);
      write(path(bucket, `${name}.version`), JSON.stringify(version));
    },
    readBody: (bucket, version) => readFileSync(path(bucket, `${bodyName(version)}.body`)),
    remove: (bucket, version) => {
      rmSync(path(bucket, `${bodyName(version)}.version`), { force: true });
      rmSync(path(bucket, `${bodyName(version)}.body`), { force: true });
    },
  };
}

function readBucket(folder: string): ReadBucket {
  const bucket = readJson<Bucket>(join(folder, 'bucket.json'));
  const versions = new Map<string, ObjectVersion[]>();
  const names = readdirSync(folder).filter((name) => name.endsWith('.version'));
  for (const name of names.sort().reverse()) {
    const version = readJson<ObjectVersion>(join(folder, name));
    versions.set(version.key, [...(versions.get(version.key) ?? []), version]);
  }
  return { bucket, versions };
}

function readJson<Json>(path: string): Json {
  return JSON.parse(readFileSync(path, 'utf8')) as Json;
}
