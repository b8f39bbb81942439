// Whether a trail is whole: nothing changed, removed, added or reordered up to its last signed head. Reads through the functions it
// is given; knows neither clock nor network.
import type { KeyObject } from 'node:crypto';
import type { Claims } from '../policy/claims.ts';
import {
  type ChainEnd,
  headInterval,
  kidIn,
  nameOfHead,
  numberIn,
  readHead,
  readKey,
  type SignedHead,
} from './head.ts';
import { openDays } from './sign-head.ts';
import {
  dayOf,
  eventsFolder,
  isLater,
  nameOf,
  placeIn,
  readTrailObject,
  sequenceOf,
  sha256Of,
} from './trail-object.ts';

/** A trail to read: a bucket, or a folder with a copy of it. */
export interface TrailReader {
  readonly names: () => Promise<readonly string[]>;
  /** The first that was written of this name, whatever came after it. */
  readonly read: (name: string) => Promise<Uint8Array>;
  /** What came after the first of a name, where that is kept. */
  readonly laidOver?: () => Promise<readonly LaidOver[]>;
}

/** Something that hides an object of a bucket, which Object Lock keeps beneath it. */
export interface LaidOver {
  readonly name: string;
  readonly by: 'marker' | 'version';
  /** Epoch seconds: when the object beneath was written. */
  readonly writtenAt: number;
}

export interface TrailCheck {
  /** Epoch seconds: the trail must reach to it, but for the last quarter of an hour. */
  readonly until: number;
  /** Key ids that heads may be signed by, from elsewhere than the trail; without them the key of its first head is believed. */
  readonly kids?: readonly string[] | undefined;
  /** Epoch seconds: what is older may have been deleted after its retention. */
  readonly since?: number | undefined;
  /** Takes each event, in the order of its chain. */
  readonly onEvent?: (event: Claims, isSigned: boolean) => void;
}

export interface TrailReport {
  /** What is wrong, in words; empty for a trail that is whole. */
  readonly findings: readonly string[];
  readonly heads: number;
  readonly objects: number;
  readonly events: number;
  /** Events behind the last head. */
  readonly unsigned: number;
  /** Epoch seconds of the last head; undefined where there is none. */
  readonly signedUntil: number | undefined;
  /** Of the keys that signed. */
  readonly kids: readonly string[];
}

/** Seconds a head may be late: a schedule is not exact, and a run takes its time. */
const lateness = 300;

export async function verifyTrail(reader: TrailReader, check: TrailCheck): Promise<TrailReport> {
  const findings: string[] = [];
  const report = (finding: string): void => void findings.push(finding);
  const names = [...(await reader.names())].sort();
  for (const name of names) if (!isKnown(name)) report(`${name}: added: it is no part of a trail`);
  for (const each of (await reader.laidOver?.()) ?? []) reportLaidOver(each, check.since, report);
  const keys = await readKeys(reader, names, report);
  const heads = await readHeads({ reader, names, keys, check, report });
  checkFreshness(heads, check.until, report);
  const counted = await readChains({ reader, names, heads, check, report });
  return {
    findings,
    heads: heads.length,
    ...counted,
    signedUntil: heads.at(-1)?.at,
    kids: [...new Set(heads.map(({ kid }) => kid))],
  };
}

type ReportFinding = (finding: string) => void;
type Keys = ReadonlyMap<string, KeyObject>;

function isKnown(name: string): boolean {
  return [placeIn, numberIn, kidIn].some((read) => read(name) !== undefined);
}

/** S3 lays a marker over what has ended, and takes it away a day later. */
function reportLaidOver({ name, by, writtenAt }: LaidOver, since: number | undefined, report: ReportFinding): void {
  const hasEnded = since !== undefined && writtenAt <= since;
  if (by === 'version') report(`${name}: changed: it was written again; what was there first is read`);
  else if (!hasEnded) report(`${name}: deleted: a marker hides it; what it hides is read`);
}

async function readKeys(reader: TrailReader, names: readonly string[], report: ReportFinding): Promise<Keys> {
  const keys = new Map<string, KeyObject>();
  for (const name of names) {
    const named = kidIn(name);
    if (named === undefined) continue;
    const read = await attempt(async () => readKey(await textOf(reader, name)));
    if (read === undefined || read.kid !== named) report(`${name}: changed: it is not the key it is named after`);
    else keys.set(named, read.key);
  }
  return keys;
}

interface Reading {
  readonly reader: TrailReader;
  readonly names: readonly string[];
  readonly check: TrailCheck;
  readonly report: ReportFinding;
}

/** The heads in their order, as far as they are genuine. */
async function readHeads({ reader, names, keys, check, report }: Reading & { readonly keys: Keys }) {
  const named = names
    .flatMap((name) => ({ name, number: numberIn(name) ?? 0 }))
    .filter(({ number }) => number > 0)
    .sort((a, b) => a.number - b.number);
  const heads: SignedHead[] = [];
  let before: HeadPlace['before'];
  for (const { name, number } of named) {
    const text = await textOf(reader, name);
    const head = await attempt(async () => readHead(text));
    if (!head) {
      report(`${name}: changed: it is no head, or its chains are not those that were signed`);
    } else {
      checkPlace({ name, number, head, before, since: check.since }, report);
      checkSignature({ name, head, keys, believed: check.kids ?? [heads[0]?.kid ?? head.kid] }, report);
      heads.push(head);
    }
    before = { number, sha256: sha256Of(text), at: head?.at };
  }
  if (named.length === 0) report('heads/: missing: nothing of the trail is signed');
  return heads;
}

interface HeadPlace {
  readonly name: string;
  readonly number: number;
  readonly head: SignedHead;
  readonly before: { readonly number: number; readonly sha256: string; readonly at?: number | undefined } | undefined;
  readonly since: number | undefined;
}

function checkPlace({ name, number, head, before, since }: HeadPlace, report: ReportFinding): void {
  if (nameOfHead(head) !== name) report(`${name}: replayed or moved: it is head ${head.number}`);
  if (before === undefined) {
    const mayBegin = number === 1 ? head.previous === undefined : since !== undefined && head.at <= since;
    if (!mayBegin) report(`${name}: the heads before it are missing`);
  } else if (number !== before.number + 1) {
    report(
      `${name}: ${number === before.number ? 'added: there are two of this number' : 'the head before it is missing'}`,
    );
  } else if (head.previous !== before.sha256) {
    report(`${name}: changed: the head before it is not the one it names`);
  }
  checkTime({ name, head, before, since }, report);
}

/** Heads come at even times: a trail that was cut back and went on has a gap where the others were. */
function checkTime({ name, head, before, since }: Omit<HeadPlace, 'number'>, report: ReportFinding): void {
  if (before?.at === undefined || (since !== undefined && head.at <= since)) return;
  if (head.at < before.at) report(`${name}: reordered: it is older than the head before it`);
  if (head.at - before.at > headInterval + lateness) {
    report(`${name}: heads are missing between ${timeOf(before.at)} and ${timeOf(head.at)}`);
  }
}

interface HeadSignature {
  readonly name: string;
  readonly head: SignedHead;
  readonly keys: Keys;
  readonly believed: readonly string[];
}

function checkSignature({ name, head, keys, believed }: HeadSignature, report: ReportFinding): void {
  const key = keys.get(head.kid);
  if (!key) report(`${name}: its key ${head.kid} is not in the trail`);
  else if (!head.isSignedBy(key)) report(`${name}: forged: the signature is not that of its key`);
  else if (!believed.includes(head.kid)) report(`${name}: forged: it is signed by another key, ${head.kid}`);
}

/** A trail that was cut back to an earlier head is whole, but old. */
function checkFreshness(heads: readonly SignedHead[], until: number, report: ReportFinding): void {
  const last = heads.at(-1);
  if (last && until - last.at > headInterval + lateness) {
    report(`heads/: the last is of ${timeOf(last.at)}, and until ${timeOf(until)} there should be later ones`);
  }
}

async function readChains({
  reader,
  names,
  heads,
  check,
  report,
}: Reading & { readonly heads: readonly SignedHead[] }) {
  const chains = chainsOf(names, heads);
  const signed = signedEnds(heads);
  const closedBefore = closedDay(heads.at(-1)?.at);
  const sum = { objects: 0, events: 0, unsigned: 0 };
  for (const [chain, places] of chains) {
    const ends = signed.get(chain) ?? new Map<number, string>();
    const covered = Math.max(0, ...ends.keys());
    const mayBegin = check.since === undefined ? 0 : coveredAt(heads, chain, check.since);
    let before: LinkPlace['before'];
    let next = 1;
    for (const index of [...places].sort((a, b) => a - b)) {
      if (index > next) before = undefined;
      reportMissing({ chain, from: Math.max(next, mayBegin + 1), to: index }, report);
      next = index + 1;
      const name = nameOf({ chain, index });
      const bytes = await reader.read(name);
      const sha256 = sha256Of(bytes);
      const read = await attempt(async () => readTrailObject(bytes));
      sum.objects += 1;
      const isSigned = index <= covered;
      if (ends.has(index) && ends.get(index) !== sha256) report(`${name}: changed: it is not what was signed`);
      if (!isSigned && chain.slice(0, 10) < closedBefore) report(`${name}: added: its chain was closed before it`);
      if (read) {
        checkLink({ name, chain, index, read, before, isFirst: index === 1 }, report);
        sum.events += read.events.length;
        if (!isSigned) sum.unsigned += read.events.length;
        for (const event of read.events) check.onEvent?.(event, isSigned);
      } else {
        report(`${name}: changed: it is no object of a trail`);
      }
      before = read && { sha256, last: read.events.map(sequenceOf).at(-1) };
    }
    reportMissing({ chain, from: Math.max(next, mayBegin + 1), to: covered + 1 }, report);
  }
  return sum;
}

/** One finding for a gap, however wide somebody made it. @param gap from its first place to the one behind it */
function reportMissing(
  { chain, from, to }: { readonly chain: string; readonly from: number; readonly to: number },
  report: ReportFinding,
): void {
  if (from >= to) return;
  const more = to - from === 1 ? '' : `, and ${to - from - 1} behind it`;
  report(`${nameOf({ chain, index: from })}: missing${more}`);
}

/** Places that objects have, in each chain that has objects or that a head names. */
function chainsOf(names: readonly string[], heads: readonly SignedHead[]): ReadonlyMap<string, ReadonlySet<number>> {
  const chains = new Map<string, Set<number>>();
  const placesIn = (chain: string): Set<number> => {
    const places = chains.get(chain) ?? new Set<number>();
    chains.set(chain, places);
    return places;
  };
  for (const name of names) {
    const place = name.startsWith(eventsFolder) ? placeIn(name) : undefined;
    if (place) placesIn(place.chain).add(place.index);
  }
  for (const { chain } of heads.flatMap(({ chains: ends }) => ends)) placesIn(chain);
  return new Map([...chains].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What heads say of each chain: the hash of each object that was its last when a head was signed. */
function signedEnds(heads: readonly SignedHead[]): ReadonlyMap<string, ReadonlyMap<number, string>> {
  const signed = new Map<string, Map<number, string>>();
  for (const { chain, index, sha256 } of heads.flatMap(({ chains }): readonly ChainEnd[] => chains)) {
    const ends = signed.get(chain) ?? new Map<number, string>();
    // Of two that differ the first holds: an object does not change.
    if (!ends.has(index)) ends.set(index, sha256);
    signed.set(chain, ends);
  }
  return signed;
}

/** How far a chain had come by the last head until then. */
function coveredAt(heads: readonly SignedHead[], chain: string, since: number): number {
  const ends = heads.filter(({ at }) => at <= since).flatMap(({ chains }) => chains);
  return Math.max(0, ...ends.filter((end) => end.chain === chain).map(({ index }) => index));
}

function closedDay(at: number | undefined): string {
  return at === undefined ? '' : dayOf((at - (openDays - 1) * 86_400) * 1_000);
}

interface LinkPlace {
  readonly name: string;
  readonly chain: string;
  readonly index: number;
  readonly read: ReturnType<typeof readTrailObject>;
  /** Its hash, and the number of its last change. */
  readonly before: { readonly sha256: string; readonly last: string | undefined } | undefined;
  readonly isFirst: boolean;
}

function checkLink({ name, chain, index, read, before, isFirst }: LinkPlace, report: ReportFinding): void {
  const { link, events } = read;
  if (link.chain !== chain || link.index !== index) {
    report(`${name}: moved: it is object ${link.index} of ${link.chain}`);
  }
  if (isFirst ? link.previous !== undefined : before && link.previous !== before.sha256) {
    report(`${name}: changed or reordered: the object before it is not the one it names`);
  }
  if (link.count !== events.length) report(`${name}: changed: it has ${events.length} of ${link.count} events`);
  checkOrder({ name, read, before }, report);
}

/** A shard's changes are in the order of their numbers, which each event has; what comes from no shard has none. */
function checkOrder({ name, read, before }: Pick<LinkPlace, 'name' | 'read' | 'before'>, report: ReportFinding): void {
  const { link, events } = read;
  const numbers = events.map(sequenceOf);
  if (link.first !== numbers[0] || link.last !== numbers.at(-1)) {
    report(`${name}: changed: its first and last change are not those of its events`);
  }
  const known = numbers.filter((number) => number !== undefined);
  if (known.length > 0 && known.length < numbers.length) report(`${name}: changed: an event has no number`);
  if (known.some((number, place) => place > 0 && !isLater(number, known[place - 1] ?? number))) {
    report(`${name}: reordered: its events are not in the order of their changes`);
  }
  const [first] = known;
  if (before?.last !== undefined && first !== undefined && !isLater(first, before.last)) {
    report(`${name}: reordered: its changes were before those of the object before it`);
  }
}

async function attempt<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch {
    return undefined;
  }
}

async function textOf(reader: TrailReader, name: string): Promise<string> {
  return Buffer.from(await reader.read(name)).toString('utf8');
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000', '');
}
