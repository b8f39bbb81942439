// The process beside the measured one: it stands in for AWS and generates the load, a closed loop over kept-alive connections.
// Told what to do over IPC.
import { connect } from 'node:net';
import { startAwsStub } from './aws-stub.mjs';
import { messageReader } from './http-messages.mjs';

const [world] = await new Promise((resolve) => process.once('message', (message) => resolve([message])));
const stub = await startAwsStub(world);
const commands = {
  run,
  fill: ({ count }) => stub.fill(count),
  delay: (delays) => stub.delay(delays),
  trace: () => stub.trace(),
  traced: () => stub.traced(),
};
process.on('message', async ({ command, ...options }) => {
  try {
    process.send({ result: (await commands[command](options)) ?? null });
  } catch (error) {
    process.send({ error: String(error?.message ?? error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send({ port: stub.port });

/**
 * Sends requests in turn until the time is over or so many are answered.
 * @param {{ port: number, requests: string[], connections: number, seconds?: number, count?: number }} load
 */
async function run({ port, requests, connections, seconds = 3_600, count = Number.POSITIVE_INFINITY }) {
  const latencies = [];
  const started = performance.now();
  const end = started + seconds * 1_000;
  let sent = 0;
  let last = '';
  let failures = 0;
  const worker = () =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      let at = 0;
      const next = () => {
        at = performance.now();
        if (at >= end || sent >= count) return void socket.end(resolve);
        socket.write(requests[sent % requests.length]);
        sent += 1;
      };
      const read = messageReader((head, body) => {
        if (head.startsWith('HTTP/1.1 200')) {
          latencies.push(performance.now() - at);
          last = body.toString();
        } else {
          failures += 1;
          // A stall of a busy machine is longer than a function waits for AWS. More of them would be another measurement.
          if (failures * 100 > latencies.length) return reject(new Error(`answered ${head}\n\n${body}`));
        }
        next();
      });
      socket.on('connect', next).on('error', reject).on('data', read);
      socket.on('close', () => reject(new Error('the server closed a connection')));
    });
  await Promise.all(Array.from({ length: connections }, worker));
  const elapsed = (performance.now() - started) / 1_000;
  latencies.sort((a, b) => a - b);
  const quantile = (q) => latencies[Math.floor(q * (latencies.length - 1))];
  return { count: latencies.length, elapsed, p50: quantile(0.5), p99: quantile(0.99), last };
}
