// What the client library costs a Lambda function: bytes, CPU time until it is loaded, and a call whose answer is kept.
// npm run bench:client
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleClient } from '../../infra/release/client-bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-bench-'));
const rounds = 25;
const calls = 20_000;

const text = await bundleClient();
writeFileSync(join(folder, 'client.cjs'), text);
writeFileSync(join(folder, 'builtins.cjs'), "require('node:net'); require('node:crypto');");
writeFileSync(
  join(folder, 'load.mjs'),
  `const start = process.cpuUsage();
   await import(process.argv[2]);
   const { user, system } = process.cpuUsage(start);
   process.stdout.write(String((user + system) / 1_000));`,
);
writeFileSync(
  join(folder, 'call.mjs'),
  `import { createServer } from 'node:http';
   import { createClient } from './client.cjs';
   const body = JSON.stringify({ access_token: 'x', token_type: 'Bearer', expires_in: 300 });
   const server = createServer((request, response) => request.resume().on('end', () => response.end(body)));
   await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
   const url = 'http://127.0.0.1:' + server.address().port;
   const cambio = createClient({ url, workloadToken: () => 'workload' });
   await cambio.token({ audience: 'orders-api' });
   const start = process.cpuUsage();
   for (let call = 0; call < ${calls}; call += 1) await cambio.token({ audience: 'orders-api' });
   const { user, system } = process.cpuUsage(start);
   process.stdout.write(String((user + system) / ${calls}));
   server.close();
   server.closeAllConnections();`,
);

const run = (file: string, ...args: readonly string[]): number =>
  Number(execFileSync(process.execPath, [join(folder, file), ...args], { encoding: 'utf8' }));

/** CPU milliseconds, the median. */
function loading(module: string): number {
  const times = Array.from({ length: rounds }, () => run('load.mjs', join(folder, module)));
  return times.sort((one, other) => one - other)[Math.floor(rounds / 2)] ?? Number.NaN;
}

const [client, builtins] = [loading('client.cjs'), loading('builtins.cjs')];
process.stdout.write(`${(Buffer.byteLength(text) / 1_024).toFixed(1)} KiB in one file
loading: ${client.toFixed(1)} ms of CPU (Node's net and crypto, which https needs anyway: ${builtins.toFixed(1)} ms)
a call whose answer is kept: ${run('call.mjs').toFixed(0)} µs of CPU
`);
rmSync(folder, { recursive: true });
