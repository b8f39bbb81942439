// Segments of load in turn, and ratios round by round: a machine's speed drifts, and only what is measured side by side compares.
import type { Driver, Server } from './processes.ts';

export interface Target {
  readonly name: string;
  readonly server: Server;
  readonly requests: readonly string[];
  /** Before each of its segments. */
  readonly before?: () => Promise<void>;
}

/** Of one segment: requests a second, microseconds of CPU a request, milliseconds. */
export interface Figures {
  readonly rate: number;
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
}

export interface Rounds {
  readonly count: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Figures by the target's name, one for each round. */
export type Measured = ReadonlyMap<string, readonly Figures[]>;

/** Every target in each round, the order reversed in every other one; warmed before. */
export async function measureRounds(driver: Driver, targets: readonly Target[], rounds: Rounds): Promise<Measured> {
  const { connections, seconds } = rounds;
  const measured = new Map<string, Figures[]>(targets.map(({ name }) => [name, []]));
  for (const target of targets) await segment(driver, target, { connections, seconds: Math.min(seconds * 1.5, 2) });
  for (let round = 0; round < rounds.count; round += 1) {
    for (const target of round % 2 ? targets.toReversed() : targets) {
      measured.get(target.name)?.push(await segment(driver, target, { connections, seconds }));
    }
  }
  return measured;
}

async function segment(
  driver: Driver,
  { server, requests, before }: Target,
  load: { readonly connections: number; readonly seconds: number },
): Promise<Figures> {
  await before?.();
  const cpuBefore = await server.cpu();
  const { count, elapsed, p50, p99 } = await driver.run({ port: server.port, requests, ...load });
  return { rate: count / elapsed, cpu: ((await server.cpu()) - cpuBefore) / count, p50, p99 };
}

/** The median of what the rounds say. */
export function ratio(measured: Measured, pick: keyof Figures, over: string, under: string): number {
  const [above = [], below = []] = [measured.get(over), measured.get(under)];
  return median(above.map((figures, round) => figures[pick] / (below[round]?.[pick] ?? Number.NaN)));
}

export function medianOf(measured: Measured, pick: keyof Figures, name: string): number {
  return median((measured.get(name) ?? []).map((figures) => figures[pick]));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
