// Rows 7 and 8, and what a function loads: cold starts in processes of their own, for policies with and without what costs code.
import { statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.ts';
import { eventOf } from './event.mjs';
import { type ColdStart, coldStart } from './processes.ts';
import { median } from './rounds.ts';
import type { Row } from './rows.ts';
import { headersOf, type Variant, variants } from './world.ts';

/** Bytes by file, relative to the function's folder. */
export type LoadedFiles = ReadonlyMap<string, number>;

export interface ColdFigures {
  readonly rows: readonly Row[];
  readonly loaded: ReadonlyMap<Variant, LoadedFiles>;
}

export async function coldRows(bench: Bench): Promise<ColdFigures> {
  const { deployments, made, driver } = bench;
  const event = join(deployments.folder, 'event.json');
  writeFileSync(event, JSON.stringify(eventOf('/token', headersOf(made.authorization), made.form)));
  const { environment } = deployments.deployed('demonstration')('Token');
  const env = { ...environment, ...driver.environment, EVENT: event };
  const ours = bench.quick ? variants.slice(0, 1) : variants;
  const functions = new Map(ours.map((variant) => [variant, deployments.deployed(variant)('Token')]));
  const modules = new Map<string, string>([
    ...[...functions].map(([variant, { directory }]) => [variant, join(directory, 'index.mjs')] as const),
    ['sdk', deployments.bundled('sdk-function.mjs')],
    ['floor', deployments.bundled('floor-function.mjs')],
    ['empty', fileURLToPath(new URL('empty-function.mjs', import.meta.url))],
  ]);
  const starts = await inTurn(modules, env, bench.quick ? 2 : 15);
  const loaded = new Map<Variant, LoadedFiles>();
  for (const [variant, { directory }] of functions) loaded.set(variant, await filesLoaded(directory, env));
  return { rows: [...timeRows(starts, ours), ...byteRows(loaded)], loaded };
}

type Starts = ReadonlyMap<string, readonly ColdStart[]>;

async function inTurn(
  modules: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string>>,
  count: number,
): Promise<Starts> {
  const starts = new Map<string, ColdStart[]>([...modules.keys()].map((name) => [name, []]));
  const named = [...modules];
  // The first of each reads its files from the disk.
  for (const [, module] of named) await coldStart(module, env);
  for (let round = 0; round < count; round += 1) {
    for (const [name, module] of round % 2 ? named.toReversed() : named) {
      starts.get(name)?.push(await coldStart(module, env));
    }
  }
  return starts;
}

function timeRows(starts: Starts, ours: readonly Variant[]): readonly Row[] {
  const over = (pick: 'first' | 'whole', name: string, under: string): number => {
    const below = starts.get(under) ?? [];
    return median((starts.get(name) ?? []).map((start, round) => start[pick] / (below[round]?.[pick] ?? Number.NaN)));
  };
  const note = (pick: 'first' | 'whole', under: string): string => {
    const ms = median((starts.get('demonstration') ?? []).map((start) => start[pick])).toFixed(0);
    const others = ours.slice(1).map((name) => `${name} ${over(pick, name, under).toFixed(2)}`);
    return [`${ms} ms`, `floor ${over(pick, 'floor', under).toFixed(2)}`, ...others].join(', ');
  };
  return [
    {
      id: '7',
      what: 'import and first exchange ÷ function on the SDK',
      value: over('first', 'demonstration', 'sdk'),
      aim: { most: 0.42 },
      note: note('first', 'sdk'),
    },
    {
      id: '8',
      what: 'fresh process with its first exchange ÷ empty function',
      value: over('whole', 'demonstration', 'empty'),
      aim: { most: 2.4 },
      note: `${note('whole', 'empty')}, SDK ${over('whole', 'sdk', 'empty').toFixed(2)}`,
    },
  ];
}

function byteRows(loaded: ReadonlyMap<Variant, LoadedFiles>): readonly Row[] {
  const total = (files: LoadedFiles): number => [...files.values()].reduce((sum, bytes) => sum + bytes, 0) / 1_024;
  const [[, first] = [], ...others] = [...loaded];
  if (!first) return [];
  return [
    {
      id: 'bytes',
      what: 'code that the token function loads until its first answer',
      value: total(first),
      aim: { most: 120 },
      unit: 'KB',
      note: others.map(([variant, files]) => `${variant} ${total(files).toFixed(0)} KB`).join(', '),
    },
  ];
}

async function filesLoaded(folder: string, env: Readonly<Record<string, string>>): Promise<LoadedFiles> {
  const { loaded } = await coldStart(join(folder, 'index.mjs'), { ...env, TRACE: '1' });
  const files = loaded.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
  const own = files.filter((file) => file.startsWith(`${folder}/`));
  return new Map(own.map((file) => [relative(folder, file), statSync(file).size]));
}
