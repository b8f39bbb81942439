// The command and the agent against bare Node: `--help` and `exchange` as whole processes, the agent's answers from memory in
// requests a second. `npm run bench:cli -- [--quick]`. Loopback only; the command is the one file of a release.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { bundleCli } from '../../infra/cli-bundle.ts';
import { pinning, type Server, startAgent, startDriver, startServer, stopAll } from './peer/processes.ts';
import { textTable } from './peer/report.ts';
import { measureRounds, median, medianOf, ratio } from './peer/rounds.ts';
import type { Row } from './peer/rows.ts';
import { makeWorld } from './peer/world.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const size = values.quick ? { starts: 2, rounds: 1, seconds: 0.3 } : { starts: 21, rounds: 7, seconds: 1.5 };
const folder = mkdtempSync(join(tmpdir(), 'cambio-cli-'));
const command = join(folder, 'cambio.mjs');
const bare = join(folder, 'bare.mjs');
const answer = {
  access_token: 'a'.repeat(900),
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  token_type: 'Bearer',
  expires_in: 300,
};

const api = createServer((request, response) => {
  const body = JSON.stringify(answer);
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  request.resume().on('end', () => response.writeHead(200, headers).end(body));
});
await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
const env = { PATH: process.env['PATH'] ?? '', CAMBIO_URL: url, CAMBIO_ID_TOKEN: 'e30.e30.e30' };

try {
  writeFileSync(command, (await bundleCli()).code);
  writeFileSync(bare, "process.stdout.write('token\\n');\n");
  console.log(`node ${process.version}, ${pinning}`);
  console.log(textTable([...(await startRows()), await agentRow()]));
} finally {
  api.close();
  stopAll();
  rmSync(folder, { recursive: true });
}
process.exit(0);

async function startRows(): Promise<readonly Row[]> {
  const ways = {
    bare: [bare],
    help: [command, '--help'],
    exchange: [command, 'exchange', '--audience', 'orders-api'],
  } as const;
  const named = Object.entries(ways);
  const times = new Map<string, number[]>(named.map(([name]) => [name, []]));
  for (const [, words] of named) await toFirstByte(words);
  for (let round = 0; round < size.starts; round += 1) {
    for (const [name, words] of round % 2 ? named.toReversed() : named) times.get(name)?.push(await toFirstByte(words));
  }
  const over = (name: string): number =>
    median((times.get(name) ?? []).map((time, round) => time / (times.get('bare')?.[round] ?? Number.NaN)));
  const note = `${median(times.get('bare') ?? []).toFixed(0)} ms bare`;
  return [
    { id: 'help', what: 'cambio --help ÷ bare Node, to the answer', value: over('help'), aim: { most: 1.3 }, note },
    { id: 'exchange', what: 'cambio exchange ÷ bare Node, to the answer', value: over('exchange'), aim: { most: 1.8 } },
  ];
}

/** Milliseconds from the start of a process to the first byte it says. */
function toFirstByte(words: readonly string[]): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let first: number | undefined;
  child.stdout.once('data', () => {
    first = performance.now() - started;
  });
  return new Promise((resolve, reject) => {
    child.once('close', () => (first === undefined ? reject(new Error('no answer')) : resolve(first)));
  });
}

async function agentRow(): Promise<Row> {
  const { world } = makeWorld();
  const driver = await startDriver(world, '');
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience: 'orders-api',
  }).toString();
  const requests = [
    `POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`,
  ];
  const servers: Readonly<Record<string, Server>> = {
    agent: await startAgent(command, env),
    bare: await startServer('bare-server.mjs', { BODY: JSON.stringify(answer) }),
  };
  const targets = Object.entries(servers).map(([name, server]) => ({ name, server, requests }));
  const measured = await measureRounds(driver, targets, { count: size.rounds, seconds: size.seconds, connections: 16 });
  const rate = (name: string): string => medianOf(measured, 'rate', name).toFixed(0);
  return {
    id: 'agent',
    what: 'agent, POST /token from memory: requests/s ÷ bare node:http',
    value: ratio(measured, 'rate', 'agent', 'bare'),
    aim: { least: 0.7 },
    note: `${rate('agent')} against ${rate('bare')}/s`,
  };
}
