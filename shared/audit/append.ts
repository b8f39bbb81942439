// Puts events at the end of a chain. No clock; the store is handed in.
import {
  chainOf,
  type Entry,
  eventsFolder,
  isLater,
  nameOf,
  placeIn,
  readTrailObject,
  sequenceOf,
  sha256Of,
  trailObject,
} from './trail-object.ts';

/** Where the trail lies. Each function throws when the store cannot be asked. */
export interface TrailStore {
  /** Writes what is not there yet; false when it is. */
  readonly put: (name: string, bytes: Uint8Array) => Promise<boolean>;
  /** Undefined when there is none. */
  readonly get: (name: string) => Promise<Uint8Array | undefined>;
  /** Names in their order, which is that of their bytes. */
  readonly list: (prefix: string, after?: string) => Promise<readonly string[]>;
}

/** The last object of a chain. */
interface Tail {
  readonly index: number;
  readonly sha256?: string | undefined;
  /** The latest change of its events. */
  readonly last?: string | undefined;
}

/** @param shard of the stream, or who else writes */
export type Append = (day: string, shard: string, entries: readonly Entry[]) => Promise<void>;

const none: Tail = { index: 0 };
/** Chains whose end is remembered. */
const mostTails = 64;
/** How often a chain may grow under one's hands. */
const mostTries = 5;

/**
 * What is in the chain already is left out, so that a batch that is delivered again, whole or in parts, changes nothing. The end of a
 * chain is remembered; a name that is taken says that another instance has written meanwhile, and then the end is looked up.
 */
export function createAppend({ put, get, list }: TrailStore): Append {
  const tails = new Map<string, Tail>();
  const remember = (chain: string, tail: Tail): void => {
    tails.delete(chain);
    tails.set(chain, tail);
    for (const [oldest] of tails) if (tails.size > mostTails) tails.delete(oldest);
  };
  const findTail = async (chain: string): Promise<Tail> => {
    const name = (await list(`${eventsFolder}${chain}/`)).at(-1);
    const bytes = name === undefined ? undefined : await get(name);
    if (name === undefined || !bytes) return none;
    const last = sequencesIn(bytes).reduce<string | undefined>(latest, undefined);
    return { index: placeIn(name)?.index ?? 0, sha256: sha256Of(bytes), last };
  };
  /** Numbers of the changes whose events the chain has, from this one on. */
  const writtenSince = async (first: string, chain: string, { index }: Tail): Promise<ReadonlySet<string>> => {
    const written = new Set<string>();
    for (let at = index; at > 0; at -= 1) {
      const bytes = await get(nameOf({ chain, index: at }));
      const sequences = bytes ? sequencesIn(bytes) : [];
      for (const sequence of sequences) written.add(sequence);
      if (sequences.some((sequence) => !isLater(sequence, first))) break;
    }
    return written;
  };
  /** Of what the chain may have, its events say what it has: an object's word for where it ends could keep out what is not there. */
  const freshOf = async (entries: readonly Entry[], chain: string, tail: Tail): Promise<readonly Entry[]> => {
    const [first] = entries.flatMap(({ sequence }) => sequence ?? []);
    if (first === undefined || tail.last === undefined || isLater(first, tail.last)) return entries;
    const written = await writtenSince(first, chain, tail);
    return entries.filter(({ sequence }) => sequence === undefined || !written.has(sequence));
  };
  return async (day, shard, entries) => {
    const chain = chainOf(day, shard);
    for (let tries = 0; tries < mostTries; tries += 1) {
      const tail = tails.get(chain) ?? (await findTail(chain));
      remember(chain, tail);
      const fresh = await freshOf(entries, chain, tail);
      if (fresh.length === 0) return;
      const place = { chain, index: tail.index + 1, previous: tail.sha256 };
      const { name, bytes, sha256, last } = trailObject(place, fresh);
      if (await put(name, bytes)) return remember(chain, { index: place.index, sha256, last });
      tails.delete(chain);
    }
    throw new Error(`${nameOf({ chain, index: 0 })}: the chain grows faster than it can be written`);
  };
}

function sequencesIn(bytes: Uint8Array): readonly string[] {
  return readTrailObject(bytes).events.flatMap((event) => sequenceOf(event) ?? []);
}

function latest(one: string | undefined, other: string): string {
  return one === undefined || isLater(other, one) ? other : one;
}
