// One object of the audit trail: the events of one shard of the table's stream in the order in which the table changed, as JSON
// lines, behind a line that says where the object stands in its chain. Pure.
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Claims, isClaims } from '../policy/claims.ts';

/** Where an object stands. A chain is one shard on one day: `2026-11-27/shardId-00000001764201600000-1f2e3d4c`. */
export interface Link {
  readonly chain: string;
  /** From 1. */
  readonly index: number;
  /** SHA-256 of the object before it, hex; absent of the first. */
  readonly previous?: string | undefined;
  /** Numbers of the first and the last change in the shard; absent where the events come from no shard. */
  readonly first?: string | undefined;
  readonly last?: string | undefined;
  readonly count: number;
}

export interface TrailObject {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Of the bytes, hex. */
  readonly sha256: string;
}

/** An event and the number of its change in the shard. */
export interface Entry {
  readonly sequence?: string | undefined;
  readonly event: Readonly<Record<string, unknown>>;
}

export const eventsFolder = 'events/';
const numberDigits = 10;
const objectName = /^events\/(\d{4}-\d\d-\d\d\/[\w-]+)\/(\d{10})\.jsonl\.gz$/;
/** What an object may unpack to: a batch is at most 6 MB of JSON, and its events are shorter than its images. */
const maxUnpacked = 64 * 1024 * 1024;

/** The day of a moment, in UTC. @param at epoch milliseconds */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The chain of a shard on one day. @param day as {@link dayOf} has it */
export function chainOf(day: string, shard: string): string {
  return `${day}/${shard}`;
}

export const numbered = (index: number): string => String(index).padStart(numberDigits, '0');

export function nameOf({ chain, index }: Pick<Link, 'chain' | 'index'>): string {
  return `${eventsFolder}${chain}/${numbered(index)}.jsonl.gz`;
}

/** Undefined for what is no name of an object. */
export function placeIn(name: string): Pick<Link, 'chain' | 'index'> | undefined {
  const [, chain, index] = objectName.exec(name) ?? [];
  return chain === undefined ? undefined : { chain, index: Number(index) };
}

/** @param entries at least one, in order */
export function trailObject(
  place: Pick<Link, 'chain' | 'index' | 'previous'>,
  entries: readonly Entry[],
): TrailObject & { readonly last?: string | undefined } {
  const [first, last] = [entries[0]?.sequence, entries.at(-1)?.sequence];
  const trail: Link = { ...place, first, last, count: entries.length };
  const lines = [{ trail }, ...entries.map(({ event }) => event)].map((line) => `${JSON.stringify(line)}\n`);
  const bytes = gzipSync(lines.join(''));
  return { name: nameOf(place), bytes, sha256: sha256Of(bytes), last };
}

/** @throws Error when the bytes are no such object */
export function readTrailObject(bytes: Uint8Array): { readonly link: Link; readonly events: readonly Claims[] } {
  const text = gunzipSync(bytes, { maxOutputLength: maxUnpacked }).toString('utf8');
  const [head, ...events] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
  const link = isClaims(head) ? head['trail'] : undefined;
  if (!isLink(link) || !events.every(isClaims)) throw new TypeError('it is no object of a trail');
  return { link, events };
}

function isLink(value: unknown): value is Link {
  if (!isClaims(value)) return false;
  const { chain, index, count, previous = '', first = '', last = '' } = value;
  const texts = [chain, previous, first, last].every((each) => typeof each === 'string');
  return texts && Number.isSafeInteger(index) && Number.isSafeInteger(count);
}

/** Hex. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The number of an event's change in its shard; undefined where it came from no shard. */
export function sequenceOf({ unmapped }: Claims): string | undefined {
  const sequence = isClaims(unmapped) ? unmapped['sequence'] : undefined;
  return typeof sequence === 'string' && /^\d{1,40}$/.test(sequence) ? sequence : undefined;
}

/** Numbers of changes have up to 40 digits. */
export function isLater(sequence: string, than: string): boolean {
  return BigInt(sequence) > BigInt(than);
}
