// `cambio console` over real sockets, beside an API that is not a local stack: what it asks of it, and what it lets through.
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Listener } from '../../../cli/agent/local-listener.ts';
import { type ConsoleOptions, startConsole } from '../../../cli/console/console.ts';
import { cambioIn, inTheWorld } from '../cambio.ts';
import { type FakeServer, fakeServer } from '../fake-server.ts';

const decision = '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab';
const policy = join(import.meta.dirname, '../../../infra/policy');

let api: FakeServer;
const open: Listener[] = [];
beforeEach(async () => {
  api = await fakeServer({
    '/admin/decisions': {
      body: { decisions: [{ decision_id: decision, at: 1, outcome: 'refused', reason: 'no_rule' }] },
    },
    [`/admin/decisions/${decision}`]: { body: { decision_id: decision, outcome: 'refused' } },
    '/admin/suspensions': { body: { suspensions: [] } },
    '/admin/suspensions/rule/acme/deploy': ({ method }) =>
      method === 'DELETE' ? { status: 204, body: '' } : { body: { kind: 'rule' } },
    '/admin/revocations': { status: 400, body: { error: 'invalid_request', error_description: 'by is malformed' } },
    '/admin/keys/rotate': { status: 503, body: { error: 'temporarily_unavailable' } },
    '/token': { body: { access_token: 'never asked for' } },
  });
});
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close();
  await api.close();
});

interface Page {
  readonly ask: (
    method: string,
    path: string,
    body?: object | string,
  ) => Promise<{ readonly status: number; readonly json: Record<string, unknown> }>;
  readonly url: string;
  readonly cookie: string;
}

async function start(options: ConsoleOptions = {}): Promise<Page> {
  const machine = inTheWorld({ CAMBIO_URL: api.url });
  const listener = await startConsole({ port: '0', ...options }, machine, { stdout: () => {}, stderr: () => {} });
  open.push(listener);
  const { origin } = new URL(listener.url);
  const traded = await fetch(listener.url, { redirect: 'manual' });
  const cookie = traded.headers.get('set-cookie')?.split(';')[0] ?? '';
  const ask: Page['ask'] = async (method, path, body) => {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const answer = await fetch(`${origin}${path}`, {
      method,
      headers: { cookie },
      ...(text !== undefined && { body: text }),
    });
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
  };
  return { ask, url: origin, cookie };
}

test('the page is one file that names no other host, under a policy that runs nothing else', async () => {
  const { url, cookie } = await start();
  expect((await fetch(url)).status).toBe(403);
  const page = await fetch(url, { headers: { cookie } });
  expect(page.status).toBe(200);
  const html = await page.text();
  expect(html.match(/https?:\/\/(?!www\.w3\.org\/2000\/svg)[^'"\s]+/g)).toBeNull();
  expect(html.match(/<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=(?!"data:)[^>]*>/g)).toBeNull();
  const policyHeader = page.headers.get('content-security-policy') ?? '';
  expect(policyHeader).toMatch(/^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+';/);
  expect(policyHeader).not.toMatch(/unsafe|\*|https?:/);
  for (const directive of [
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "trusted-types 'none'",
  ]) {
    expect(policyHeader).toContain(directive);
  }
  expect(page.headers.get('cache-control')).toBe('no-store');
});

test('reads are signed and passed on, with the query; whatever is no call of the page is not', async () => {
  const { ask } = await start();
  expect(await ask('GET', '/_console/state')).toEqual({
    status: 200,
    json: { api: api.url, version: expect.any(String), writes: false, hasPolicy: false, runs: {} },
  });
  const listed = await ask('GET', '/_console/admin/decisions?limit=5&outcome=refused');
  expect([listed.status, listed.json['decisions']]).toEqual([
    200,
    [expect.objectContaining({ decision_id: decision })],
  ]);
  const [received] = api.at('/admin/decisions');
  expect(String(received?.query)).toBe('limit=5&outcome=refused');
  expect(received?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=/);
  expect(received?.headers.cookie).toBeUndefined();
  expect((await ask('GET', `/_console/admin/decisions/${decision}`)).status).toBe(200);
  const before = api.received.length;
  for (const path of [
    '/_console/admin/tenants',
    '/_console/admin/../token',
    '/_console/admin/decisions/..%2f..%2ftoken',
    '/_console/token',
    '/admin/decisions',
    '/token',
  ]) {
    expect((await ask('GET', path)).status, path).toBe(404);
  }
  expect(api.received.length).toBe(before);
});

test('changes nothing without --write, and with it what the API lets it', async () => {
  const changes = [
    ['PUT', '/_console/admin/suspensions/rule/acme/deploy', { reason: 'x' }],
    ['DELETE', '/_console/admin/suspensions/rule/acme/deploy', undefined],
    ['POST', '/_console/admin/revocations', { by: 'jti', value: 'x', reason: 'x' }],
    ['POST', '/_console/admin/keys/rotate', undefined],
  ] as const;
  const reading = await start();
  for (const [method, path, body] of changes) {
    expect(await reading.ask(method, path, body), `${method} ${path}`).toMatchObject({
      status: 403,
      json: { error: 'reads_only' },
    });
  }
  expect(api.received.filter(({ method }) => method !== 'GET')).toEqual([]);
  const writing = await start({ write: true });
  const answers = [];
  for (const [method, path, body] of changes) answers.push(await writing.ask(method, path, body));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 503]);
  expect(answers[2]?.json).toEqual({ error: 'invalid_request', error_description: 'by is malformed' });
  expect(JSON.parse(api.at('/admin/suspensions/rule/acme/deploy')[0]?.body ?? '')).toEqual({ reason: 'x' });
  // A second rotation would be another one: it is not tried again.
  expect(api.at('/admin/keys/rotate')).toHaveLength(1);
});

test('a body that is no object, or too long, is refused before anything is asked', async () => {
  const { ask } = await start({ write: true });
  const path = '/_console/admin/revocations';
  for (const body of ['[]', 'null', '{', '"x"']) expect((await ask('POST', path, body)).status, body).toBe(400);
  expect((await ask('POST', path, 'x'.repeat(1_048_577))).status).toBe(413);
  expect(api.received).toEqual([]);
  await ask('POST', path, { by: 'jti' });
  expect(api.at('/admin/revocations')).toHaveLength(1);
});

test('a policy is drawn, and compared with another, by the decisions there are', async () => {
  const { ask } = await start({ policy });
  const { json } = await ask('GET', '/_console/policy');
  const { rules, ways, files } = json as unknown as {
    readonly rules: readonly object[];
    readonly ways: readonly object[];
    readonly files: readonly { readonly path: string; readonly text: string }[];
  };
  expect(rules).toContainEqual(
    expect.objectContaining({ id: 'payments-for-orders', from: 'self', takes: ['orders-api'], client: 'orders' }),
  );
  expect(ways).toContainEqual(
    expect.objectContaining({ target: 'payments-api', issuer: 'github', hops: [expect.anything(), expect.anything()] }),
  );
  const changed = files.map(({ path, text }) => ({
    path,
    text: text.replace('environment: prod }', 'environment: [prod, staging] }'),
  }));
  const compared = await ask('POST', '/_console/what-if', { files: changed });
  expect(compared.json).toMatchObject({
    compared: { gains: [{ who: 'github', what: 'deploy-prod' }], loses: [], failures: [], decisions: 1 },
  });
  const same = await ask('POST', '/_console/what-if', { files });
  expect(same.json).toMatchObject({ compared: { gains: [], loses: [], flips: [] } });
  const broken = await ask('POST', '/_console/what-if', {
    files: files.map(({ path }) => ({ path, text: 'version: 2' })),
  });
  expect(broken.json).toEqual({ diagnostics: [expect.stringContaining('this must be 1')] });
  const elsewhere = await ask('POST', '/_console/what-if', { files: [{ path: '/etc/x.yaml', text: 'version: 1' }] });
  expect(elsewhere).toMatchObject({
    status: 400,
    json: { error_description: '/etc/x.yaml is no file of this policy' },
  });
});

test('a tenant’s file stays its own, and a file that is not sent is as it was', async () => {
  const { ask } = await start({ policy: join(import.meta.dirname, '../../../examples/tenants') });
  const { json } = await ask('GET', '/_console/policy');
  const { files } = json as unknown as { readonly files: readonly { readonly path: string; readonly text: string }[] };
  const tenants = files.filter(({ path }) => path.includes('/tenants/tenants/'));
  expect(tenants.length).toBeGreaterThan(0);
  for (const sent of [files, tenants]) {
    const same = await ask('POST', '/_console/what-if', { files: sent });
    expect(same.json).toMatchObject({ compared: { gains: [], loses: [], undecided: [], failures: [] } });
  }
  const emptied = tenants.map(({ path, text }) => ({ path, text: text.replace(/^rules:[\s\S]*/m, 'rules: []\n') }));
  const fewer = await ask('POST', '/_console/what-if', { files: emptied });
  expect(fewer.json).not.toEqual((await ask('POST', '/_console/what-if', { files })).json);
});

test('beside a deployment it wants credentials at the start, and a policy that compiles', async () => {
  const world = inTheWorld({ CAMBIO_URL: 'https://api.acme.example' });
  expect(await cambioIn(world, 'console', '--port', '0')).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('AWS_ACCESS_KEY_ID'),
  });
  const local = inTheWorld({ CAMBIO_URL: api.url });
  expect(await cambioIn(local, 'console', '--port', '99999')).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('--port'),
  });
  expect(await cambioIn(local, 'console', '--port', '0', '--policy', 'no/such.yaml')).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('no/such.yaml does not compile'),
  });
});
