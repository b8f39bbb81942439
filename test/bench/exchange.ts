// Exchanges over the local stack, loopback only: requests a second, latency, and the calls one exchange makes.
// `npm run bench:exchange -- [--seconds N] [--environments N]`. Client, emulators and functions share the machine's cores, so
// figures of two runs compare only on one machine, back to back.
import { Agent, request } from 'node:http';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { type LocalStack, startLocalStack } from '../../infra/local/stack.ts';

const concurrencies = [1, 16, 64];
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, environments: { type: 'string', default: '2' } },
});
const seconds = Math.min(Number(values.seconds), 60);
const environments = Math.min(Number(values.environments), 16);

interface Round {
  readonly concurrency: number;
  readonly latencies: readonly number[];
  readonly elapsed: number;
  readonly calls: ReadonlyMap<string, number>;
}

const stack = await startLocalStack({ environments });
try {
  const form = await formOf(stack);
  await measure(stack, form, 16, 2);
  console.log(
    `node ${process.version}, ${cpus().length} cores, ${environments} environments a function, ${seconds} s a round`,
  );
  console.log('concurrency  exchanges/s   p50 ms   p99 ms   calls per exchange');
  for (const concurrency of concurrencies) print(await measure(stack, form, concurrency, seconds));
} finally {
  await stack.close();
}

async function formOf({ tokenFor }: LocalStack): Promise<string> {
  return new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await tokenFor('github'),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: 'orders-api',
  }).toString();
}

async function measure(target: LocalStack, form: string, concurrency: number, duration: number): Promise<Round> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const latencies: number[] = [];
  const firstCall = target.calls.length;
  const started = performance.now();
  const end = started + duration * 1_000;
  const worker = async (): Promise<void> => {
    while (performance.now() < end) latencies.push(await exchange(target.url, form, agent));
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
  return { concurrency, latencies, elapsed: performance.now() - started, calls: count(target, firstCall) };
}

/** One exchange in milliseconds. Anything but a granted one ends the benchmark: its figure would be of something else. */
function exchange(url: string, form: string, agent: Agent): Promise<number> {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(form) };
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/token`, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - started);
        else reject(new Error(`an exchange was answered with ${response.statusCode}`));
      });
    });
    sent.on('error', reject).end(form);
  });
}

function count({ calls }: LocalStack, from: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { action } of calls.slice(from)) counts.set(action, (counts.get(action) ?? 0) + 1);
  return counts;
}

function print({ concurrency, latencies, elapsed, calls }: Round): void {
  const sorted = [...latencies].sort((a, b) => a - b);
  const quantile = (q: number): string => (sorted[Math.floor(q * (sorted.length - 1))] ?? 0).toFixed(1);
  const rate = ((sorted.length * 1_000) / elapsed).toFixed(0);
  const perExchange = [...calls].map(([action, number]) => `${action} ${(number / sorted.length).toFixed(3)}`);
  const columns = [
    String(concurrency).padStart(11),
    rate.padStart(12),
    quantile(0.5).padStart(8),
    quantile(0.99).padStart(8),
  ];
  console.log(`${columns.join(' ')}   ${perExchange.sort().join(', ')}`);
}
