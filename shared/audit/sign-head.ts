// Signs where the chains end now. No clock; store, key and signature are handed in.
import type { TrailStore } from './append.ts';
import {
  type ChainEnd,
  type Head,
  type HeadJwk,
  headsFolder,
  headText,
  kidOf,
  nameOfHead,
  nameOfKey,
  numberIn,
  readHead,
  signingInputOf,
} from './head.ts';
import { dayOf, eventsFolder, nameOf, placeIn, sha256Of } from './trail-object.ts';

export interface HeadSigner {
  readonly store: TrailStore;
  /** Of the key for heads. */
  readonly publicJwk: () => Promise<HeadJwk>;
  /** Answers the signature in JWS form. */
  readonly sign: (input: string) => Promise<Uint8Array>;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** What a head says, and what is wrong in the trail as far as names show it. */
export interface HeadOutcome {
  readonly number: number;
  readonly chains: number;
  /** Objects since the head before. */
  readonly grownBy: number;
  /** Names that should be there and are not, 1,000 at most. */
  readonly missing: readonly string[];
}

/**
 * Days whose chains may still grow: an event is of the day of its change, and is written within the day that a stream keeps it. One
 * more, for a head that is late.
 */
export const openDays = 3;
const openSeconds = (openDays - 1) * 86_400;

/** @throws Error when the store or the key cannot be used; the next run does all that this one would have done */
export async function signHead({ store, publicJwk, sign, now }: HeadSigner): Promise<HeadOutcome> {
  const at = now();
  const before = await lastHead(store, dayOf((at - openSeconds) * 1_000));
  const names = before ? await namesSince(before.head.at, at, store) : await store.list(eventsFolder);
  const known = new Map(before?.head.chains.map((end) => [end.chain, end]));
  const ends = await Promise.all([...endsIn(names)].map((end) => hashed(end, known, store)));
  const number = (before?.head.number ?? 0) + 1;
  const head: Head = { number, at, previous: before?.sha256, chains: ends };
  const jwk = await publicJwk();
  const kid = kidOf(jwk);
  // The key first: a head without it could not be verified.
  await store.put(nameOfKey(kid), Buffer.from(`${JSON.stringify(jwk)}\n`));
  const input = signingInputOf(head, kid);
  await store.put(nameOfHead(head), Buffer.from(headText(head, input, await sign(input))));
  const grownBy = ends.reduce((sum, { chain, index }) => sum + index - (known.get(chain)?.index ?? 0), 0);
  return { number, chains: ends.length, grownBy, missing: missingIn(names) };
}

/** Of the days that were open at the last head, however long ago that is, and since. */
async function namesSince(since: number, at: number, store: TrailStore): Promise<readonly string[]> {
  const first = Math.floor((since - openSeconds) / 86_400);
  const count = Math.floor(at / 86_400) - first + 1;
  const days = Array.from({ length: count }, (_, day) => dayOf((first + day) * 86_400_000));
  return (await Promise.all(days.map((day) => store.list(`${eventsFolder}${day}/`)))).flat();
}

async function lastHead(store: TrailStore, day: string) {
  const isHead = (name: string): boolean => numberIn(name) !== undefined;
  // Of the last days; when there was none for longer, of all days.
  const recent = (await store.list(headsFolder, `${headsFolder}${day}/`)).filter(isHead);
  const name = recent.at(-1) ?? (await store.list(headsFolder)).filter(isHead).at(-1);
  const bytes = name === undefined ? undefined : await store.get(name);
  if (!bytes) return undefined;
  const text = Buffer.from(bytes).toString('utf8');
  return { head: readHead(text), sha256: sha256Of(text) };
}

/** The last place in each chain. */
function endsIn(names: readonly string[]): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  for (const name of names) {
    const place = placeIn(name);
    if (place) ends.set(place.chain, place.index);
  }
  return ends;
}

async function hashed(
  [chain, index]: readonly [string, number],
  known: ReadonlyMap<string, ChainEnd>,
  store: TrailStore,
): Promise<ChainEnd> {
  const before = known.get(chain);
  // What was signed is signed again as it was, whatever lies there now.
  if (before && before.index >= index) return before;
  const bytes = await store.get(nameOf({ chain, index }));
  if (!bytes) throw new Error(`${nameOf({ chain, index })} is listed and not there`);
  return { chain, index, sha256: sha256Of(bytes) };
}

/** A name that somebody put far behind the last must not be counted up to. */
const mostMissing = 1_000;

/** Places before the last of a chain that no object has, as far as it is worth to name them. */
function missingIn(names: readonly string[]): readonly string[] {
  const present = new Set(names);
  const missing: string[] = [];
  for (const [chain, last] of endsIn(names)) {
    for (let index = 1; index < last && missing.length < mostMissing; index += 1) {
      const name = nameOf({ chain, index });
      if (!present.has(name)) missing.push(name);
    }
  }
  return missing;
}
