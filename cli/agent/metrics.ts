// What the agent counts, in Prometheus’ text format. Pure but for its counters.
// https://prometheus.io/docs/instrumenting/exposition_formats/
import type { CacheUse, LoadOutcome } from './answer-cache.ts';

export interface AgentMetrics {
  readonly countRequest: (route: string, status: number) => void;
  readonly countUse: (use: CacheUse) => void;
  readonly countExchange: (outcome: LoadOutcome, milliseconds: number) => void;
  /** @param entries answers in memory */
  readonly text: (entries: number) => string;
}

/** Upper bounds, seconds. */
const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

export function createMetrics(): AgentMetrics {
  /** By route, then by status. */
  const requests = new Map<string, Map<number, number>>();
  const uses: Record<CacheUse, number> = { hit: 0, joined: 0, held: 0, miss: 0 };
  const outcomes: Record<LoadOutcome, number> = { granted: 0, refused: 0, unavailable: 0 };
  const durations: number[] = buckets.map(() => 0);
  let seconds = 0;
  return {
    countRequest: (route, status) => {
      const statuses = requests.get(route) ?? new Map<number, number>();
      requests.set(route, statuses.set(status, (statuses.get(status) ?? 0) + 1));
    },
    countUse: (use) => {
      uses[use] += 1;
    },
    countExchange: (outcome, milliseconds) => {
      outcomes[outcome] += 1;
      seconds += milliseconds / 1_000;
      for (const [index, bound] of buckets.entries()) {
        if (milliseconds / 1_000 <= bound) durations[index] = (durations[index] ?? 0) + 1;
      }
    },
    text: (entries) =>
      [
        family('requests_total', 'counter', 'Local requests, by route and answer.', samplesOf(requests)),
        family('cache_requests_total', 'counter', 'How they were served.', labelled('result', uses)),
        family('cache_hit_ratio', 'gauge', 'Share of them that cost no exchange of their own.', [['', ratioOf(uses)]]),
        family('cache_entries', 'gauge', 'Answers in memory.', [['', entries]]),
        family('exchanges_total', 'counter', 'Exchanges with Cambio, by outcome.', labelled('result', outcomes)),
        durationFamily(durations, seconds, total(outcomes)),
      ].join(''),
  };
}

function samplesOf(requests: ReadonlyMap<string, ReadonlyMap<number, number>>): readonly Sample[] {
  return [...requests].flatMap(([route, statuses]) =>
    [...statuses].map(([status, count]): Sample => [`route="${route}",status="${status}"`, count]),
  );
}

type Sample = readonly [labels: string, value: number];

function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const full = `cambio_agent_${name}`;
  const lines = samples.map(([labels, value]) => `${full}${labels === '' ? '' : `{${labels}}`} ${value}\n`);
  return `${headOf(full, type, help)}${lines.join('')}`;
}

function durationFamily(durations: readonly number[], seconds: number, count: number): string {
  const name = 'cambio_agent_exchange_duration_seconds';
  const bounds = buckets.map((bound, index) => `${name}_bucket{le="${bound}"} ${durations[index] ?? 0}\n`);
  const last = `${name}_bucket{le="+Inf"} ${count}\n${name}_sum ${seconds}\n${name}_count ${count}\n`;
  return `${headOf(name, 'histogram', 'How long exchanges took.')}${bounds.join('')}${last}`;
}

function headOf(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function labelled(label: string, counts: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(counts).map(([value, count]) => [`${label}="${value}"`, count]);
}

function ratioOf(uses: Readonly<Record<CacheUse, number>>): number {
  const all = total(uses);
  return all === 0 ? 0 : (uses.hit + uses.joined) / all;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, each) => sum + each, 0);
}
