// What one call to DynamoDB costs in CPU: by the SDK's client; signed by hand over node:http(s) and its agent, over undici's
// dispatcher, and as the functions make it; in the clear and over TLS, side by side. `npm run bench:aws -- [--calls N]`.
// Loopback only: a process of its own answers at once, and only ratios within one run say anything.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientOptions } from '../../shared/aws/client-options.ts';
import { callDirectly } from '../../shared/aws/direct/dynamodb.ts';
import { callBySdk } from '../../shared/aws/sdk/dynamodb.ts';
import { createSignPost } from '../../shared/aws/sigv4.ts';
import { selfSigned } from '../shared/issuers/certificate.ts';

type Call = () => Promise<unknown>;

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '2000' }, ports: { type: 'string' }, serve: { type: 'string' } },
});
const calls = Math.min(Number(values.calls), 100_000);
const [concurrency, rounds] = [16, 7];
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 't'.repeat(700) };
const region = 'eu-west-1';
const pk = (n: number) => ({ pk: { S: `#revoked#jti#${String(n).padStart(64, '0')}` } });
const input = {
  RequestItems: { records: { Keys: Array.from({ length: 8 }, (_, n) => pk(n)), ConsistentRead: true } },
} as const;
const signPost = createSignPost({ region, service: 'dynamodb' });
const dispatcherName = Symbol.for('undici.globalDispatcher.1');

if (values.serve !== undefined) serve(values.serve);
else if (values.ports !== undefined) await measure(values.ports.split(','));
else await start();

/** A server, and a client that trusts its certificate as Node is told to before it starts. */
async function start(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-bench-'));
  const day = 86_400_000;
  const { key, cert } = selfSigned({
    ip: '127.0.0.1',
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
  });
  writeFileSync(join(folder, 'key.pem'), key);
  writeFileSync(join(folder, 'cert.pem'), cert);
  const server = fork(import.meta.filename, ['--serve', folder]);
  try {
    const ports = await new Promise((resolve) => server.once('message', resolve));
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') };
    const args = [import.meta.filename, '--ports', String(ports), '--calls', String(calls)];
    await ended(spawn(process.execPath, args, { env, stdio: 'inherit' }));
  } finally {
    server.kill();
    rmSync(folder, { recursive: true });
  }
}

function ended(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('exit', resolve));
}

function serve(folder: string): void {
  const body = JSON.stringify({ Responses: { records: [] }, UnprocessedKeys: {} });
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-requestid': 'R'.repeat(52),
    'x-amz-crc32': '2745614147',
    'content-length': body.length,
  };
  const answer: Parameters<typeof createServer>[1] = (request, response) => {
    request.resume().on('end', () => response.writeHead(200, headers).end(body));
  };
  const [key, cert] = ['key.pem', 'cert.pem'].map((file) => readFileSync(join(folder, file)));
  const keepAliveTimeout = 60_000;
  const plain = createServer({ keepAliveTimeout }, answer).listen(0, '127.0.0.1', () => {
    const secure = createSecureServer({ keepAliveTimeout, key, cert }, answer).listen(0, '127.0.0.1', () => {
      process.send?.([plain, secure].map((server) => (server.address() as AddressInfo).port).join(','));
    });
  });
}

async function measure([plain = '', secure = '']: readonly string[]): Promise<void> {
  console.log(`node ${process.version}, ${rounds} rounds of ${calls} calls, ${concurrency} at once; medians`);
  for (const url of [`http://127.0.0.1:${plain}`, `https://127.0.0.1:${secure}`]) {
    const ways = { sdk: sdk(url), agent: overAgent(url), undici: await overUndici(url), direct: direct(url) };
    const named = Object.entries(ways);
    const costs = new Map(named.map(([name]) => [name, [] as number[]]));
    for (const [, call] of named) await run(call, 1_000);
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, call] of round % 2 ? named.toReversed() : named) costs.get(name)?.push(await run(call, calls));
    }
    const base = median(costs.get('direct') ?? []);
    for (const [name, each] of costs) {
      const cost = median(each);
      console.log(
        `${url.split(':')[0]?.padEnd(5)} ${name.padEnd(7)} ${cost.toFixed(0).padStart(5)} µs  ×${(cost / base).toFixed(2)}`,
      );
    }
  }
  process.exit(0);
}

/** CPU of one call, in microseconds. */
async function run(call: Call, count: number): Promise<number> {
  let left = count;
  const before = process.cpuUsage();
  const worker = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function median(costs: readonly number[]): number {
  return costs.toSorted((a, b) => a - b)[costs.length >> 1] ?? 0;
}

function sdk(endpoint: string): Call {
  const call = callBySdk(new DynamoDBClient({ ...clientOptions, endpoint, region, credentials: keys }));
  return () => call('BatchGetItem', input);
}

function direct(url: string): Call {
  const environment = {
    AWS_REGION: region,
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_SESSION_TOKEN: keys.sessionToken,
  };
  const call = callDirectly({ environment, clock: Date.now, random: Math.random });
  return () => call('BatchGetItem', input);
}

function signed({ host }: URL, body: string): Record<string, string> {
  const headers = {
    host,
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.BatchGetItem',
  };
  const added = signPost({ path: '/', headers, body, keys, now: new Date() });
  return { ...headers, ...added, 'content-length': String(Buffer.byteLength(body)) };
}

function overAgent(address: string): Call {
  const url = new URL(address);
  const { Agent, request } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
  const agent = new Agent({ keepAlive: true });
  return () =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify(input);
      const sent = request(url, { method: 'POST', agent, headers: signed(url, body) }, (response) => {
        buffer(response).then((bytes) => resolve(JSON.parse(bytes.toString())), reject);
      });
      sent.setTimeout(700, () => sent.destroy(new Error('no answer')));
      sent.on('error', reject).end(body);
    });
}

interface Dispatcher {
  readonly dispatch: (options: object, handler: object) => boolean;
}

/** The one inside Node, which `fetch` has made. */
async function overUndici(address: string): Promise<Call> {
  const url = new URL(address);
  await (await fetch(url, { method: 'POST' })).arrayBuffer();
  const dispatcher = (globalThis as never as Readonly<Record<symbol, Dispatcher>>)[dispatcherName];
  if (!dispatcher) throw new Error('this Node keeps its dispatcher elsewhere');
  return () =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify(input);
      const parts: Buffer[] = [];
      const options = { origin: url.origin, path: '/', method: 'POST', headers: signed(url, body), body };
      dispatcher.dispatch(options, {
        onConnect: () => {},
        onHeaders: () => true,
        onData: (part: Buffer) => parts.push(part) > 0,
        onComplete: () => resolve(JSON.parse(Buffer.concat(parts).toString())),
        onError: reject,
      });
    });
}
