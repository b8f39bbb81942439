// What tracing costs the function: CPU of an exchange in process, without AWS, untraced, traced and not recorded, recorded and sent
// to a collector that is a process of its own. Only ratios within one run say anything. `npm run bench:tracing -- [--rounds N]`.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Context } from 'aws-lambda';
import { refusalOf } from '../../shared/http/audit.ts';
import { tokenEndpoint } from '../../shared/http/endpoints/token.ts';
import { requestTracing } from '../../shared/http/request-tracing.ts';
import { formBody, makeWorld, subjectToken } from '../world.ts';

const perRound = 400;
const traceparent = (flags: string) => `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}`;

if (process.argv.includes('collector')) collect();
else await bench();

/** Takes what it gets. */
function collect(): void {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}'));
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

async function bench(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } });
  const child = fork(fileURLToPath(import.meta.url), ['collector']);
  const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(Number(message))));
  const ways = {
    untraced: await exchanges(undefined, '00'),
    'traced, not recorded': await exchanges(`http://127.0.0.1:${port}`, '00'),
    recorded: await exchanges(`http://127.0.0.1:${port}`, '01'),
  };
  const costs = new Map<string, number[]>();
  for (const run of Object.values(ways)) await run();
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [name, run] of Object.entries(ways)) costs.set(name, [...(costs.get(name) ?? []), await cpuOf(run)]);
  }
  child.kill();
  console.log(`node ${process.version}, ${cpus().length} cores, ${values.rounds} rounds of ${perRound} exchanges`);
  const base = costs.get('untraced') ?? [];
  for (const [name, times] of costs) {
    const ratio = median(times.map((time, index) => time / (base[index] ?? 1)));
    console.log(`${name.padEnd(22)} ${median(times).toFixed(0).padStart(6)} µs of CPU  ${ratio.toFixed(2)}`);
  }
}

/** Runs one exchange after another. */
async function exchanges(collector: string | undefined, flags: string): Promise<() => Promise<void>> {
  const clock = () => performance.now();
  const trace = await requestTracing(collector, {
    ...{ name: 'token', version: '0', wallClock: Date.now, clock, newId: randomUUID, endingOf: refusalOf },
    ...{ traceHeader: () => undefined, patience: 10_000 },
    write: (_, message) => {
      throw new Error(message);
    },
  });
  const write = () => {};
  const body = formBody({ subject_token: subjectToken() });
  const headers = { 'Content-Type': ['application/x-www-form-urlencoded'], traceparent: [traceparent(flags)] };
  return async () => {
    const handler = tokenEndpoint(makeWorld().cambio, { write, newId: randomUUID, clock, trace });
    for (let count = 0; count < perRound; count += 1) {
      const requestContext = { requestId: randomUUID(), identity: { sourceIp: '192.0.2.1' } };
      const event = {
        ...{ body, multiValueHeaders: headers, isBase64Encoded: false, requestContext },
        httpMethod: 'POST',
      };
      const { statusCode } = await handler({ ...event, resource: '/token' } as never, {} as Context);
      if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    }
  };
}

/** Microseconds of one exchange. */
async function cpuOf(run: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / perRound;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
