// fetchJson as it is deployed: one ESM bundle in a fresh process.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { json, type LoopbackServer, serveHttp } from './loopback-server.ts';

const run = promisify(execFile);
const source = fileURLToPath(new URL('../../../shared/issuers/fetch-json.ts', import.meta.url));

let folder: string;
let server: LoopbackServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fetch-json-'));
  server = await serveHttp(json({ keys: [] }));
  const outfile = join(folder, 'bundle.mjs');
  await build({ entryPoints: [source], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node24' });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function runScript(text: string, environment: Record<string, string> = {}): Promise<unknown> {
  const file = join(folder, 'script.mjs');
  await writeFile(file, text);
  const { stdout } = await run(process.execPath, [file], { env: { ...process.env, ...environment } });
  return JSON.parse(stdout);
}

const fetchAndReport = (url: string) => `
  import { fetchJson } from './bundle.mjs';
  const document = await fetchJson({ url: '${url}', network: 'loopback', anyPort: true });
  const undici = process.moduleLoadList.some((name) => name.includes('undici'));
  console.log(JSON.stringify({ document, undici }));
`;

test('it fetches without loading undici, which a plain import of node:http loads', async () => {
  expect(await runScript(fetchAndReport(server.url))).toEqual({ document: { keys: [] }, undici: false });
  const plain = `import { request } from 'node:http';
    console.log(typeof request === 'function' && process.moduleLoadList.some((name) => name.includes('undici')));`;
  expect(await runScript(plain)).toBe(true);
});

test('it connects itself where the environment names a proxy for everybody else', async () => {
  const proxy = await serveHttp(json({ from: 'proxy' }));
  const environment = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '' };
  expect(await runScript(fetchAndReport(server.url), environment)).toMatchObject({ document: { keys: [] } });
  expect(proxy.requests).toEqual([]);
  const everybody = `import { get } from 'node:http';
    get('${server.url}', async (answer) => console.log(Buffer.concat(await answer.toArray()).toString()));`;
  expect(await runScript(everybody, environment)).toEqual({ from: 'proxy' });
  expect(proxy.requests).toHaveLength(1);
  await proxy.close();
});
