// Who a job's token and a client's assertion are for: a server cannot choose it (RFC 8414 §3.3).
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startAgent } from '../../cli/agent/agent.ts';
import type { Machine } from '../../cli/machine.ts';
import { payloadOf } from '../../cli/token/token-facts.ts';
import { askerOf, exchangeForm } from './agent/agent-world.ts';
import { cambioIn, inTheWorld } from './cambio.ts';
import { type FakeServer, fakeServer, granting, type Reply, unsignedJwt } from './fake-server.ts';
import { cambioAt, fakeWeb } from './fake-web.ts';

const api = 'https://api.acme.example/live';
const issuer = 'https://issuer.acme.example';
const others = 'https://other-cambio.example';
const metadata = '/.well-known/oauth-authorization-server';
const jobsToken = unsignedJwt({ sub: 'job' });

const folder = mkdtempSync(join(tmpdir(), 'cambio-server-'));
const keyFile = join(folder, 'key.pem');
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
writeFileSync(keyFile, privateKey.export({ format: 'pem', type: 'pkcs8' }));
afterAll(() => rmSync(folder, { recursive: true }));

/** The CI system, which gives a token for whatever audience it is asked for. */
let ci: FakeServer;
beforeEach(async () => {
  const xml = `<WebIdentityToken>${jobsToken}</WebIdentityToken>`;
  ci = await fakeServer({ '/oidc': { body: { value: jobsToken } }, '/': { body: xml } });
});
afterEach(() => ci.close());

/** A job of GitHub whose `--url` is this; what the web answers is a Cambio of two names with changes. */
function job(changes: Readonly<Record<string, Reply>>, environment: Readonly<Record<string, string>> = {}) {
  const world = inTheWorld({
    CAMBIO_URL: api,
    ACTIONS_ID_TOKEN_REQUEST_URL: `${ci.url}/oidc`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
    ...environment,
  });
  const web = fakeWeb({ ...cambioAt(api, issuer), ...cambioAt(`${others}/live`, others), ...changes }, world.send);
  const machine: Machine = { ...world, send: web.send };
  const posted = () => web.sent.filter(({ method }) => method === 'POST');
  return { machine, posted };
}

const exchange = ['exchange', '--audience', 'orders-api'];
const names = (body: object): Reply => ({ body });

/** A server that wants tokens which are good elsewhere. */
const hostile: readonly (readonly [string, Readonly<Record<string, Reply>>])[] = [
  ['a cloud’s audience', { [`${api}${metadata}`]: names({ issuer: 'api://AzureADTokenExchange' }) }],
  ['a word', { [`${api}${metadata}`]: names({ issuer: 'sts.amazonaws.com' }) }],
  ['a URN', { [`${api}${metadata}`]: names({ issuer: 'urn:acme:payments' }) }],
  ['an issuer without TLS', { [`${api}${metadata}`]: names({ issuer: 'http://issuer.acme.example' }) }],
  ['an issuer on loopback', { [`${api}${metadata}`]: names({ issuer: 'http://127.0.0.1:1' }) }],
  ['an issuer with a path', { [`${api}${metadata}`]: names({ issuer: `${issuer}/tenant` }) }],
  ['an issuer that ends in a slash', { [`${api}${metadata}`]: names({ issuer: `${issuer}/` }) }],
  ['an issuer with a user', { [`${api}${metadata}`]: names({ issuer: 'https://user@issuer.acme.example' }) }],
  ['an issuer that is no text', { [`${api}${metadata}`]: names({ issuer: [issuer] }) }],
  [
    'the issuer of another Cambio',
    { [`${api}${metadata}`]: names({ issuer: others, token_endpoint: `${api}/token` }) },
  ],
  ['a host that has no metadata', { [`${api}${metadata}`]: names({ issuer: 'https://sts.googleapis.com' }) }],
  [
    'an issuer whose metadata names another',
    { [`${issuer}${metadata}`]: names({ issuer: others, token_endpoint: `${api}/token` }) },
  ],
  ['an issuer whose metadata names no API', { [`${issuer}${metadata}`]: names({ issuer }) }],
  ['an issuer whose metadata is elsewhere', { [`${issuer}${metadata}`]: { status: 302, headers: { location: api } } }],
  ['an issuer whose metadata is no JSON', { [`${issuer}${metadata}`]: { body: '<html>' } }],
];

test.each(hostile)('a server that names %s gets no token, and none is asked for', async (_what, changes) => {
  const { machine, posted } = job(changes);
  const { exit, stdout, stderr } = await cambioIn(machine, ...exchange);
  expect([exit, stdout, stderr]).toEqual([2, '', expect.stringContaining('--url')]);
  expect([ci.received, posted()]).toEqual([[], []]);

  const own = job({});
  expect(await cambioIn(own.machine, ...exchange)).toMatchObject({ exit: 0, stdout: 'issued\n' });
  expect(ci.received[0]?.query.get('audience')).toBe(issuer);
  expect(own.posted().length).toBe(1);
});

test('whoever says what the token is for asks no server', async () => {
  const [[, changes] = ['', {}]] = hostile;
  for (const [words, environment] of [
    [['--token-audience', 'orders'], {}],
    [[], { CAMBIO_TOKEN_AUDIENCE: 'orders' }],
  ] as const) {
    const { machine } = job(changes, environment);
    expect((await cambioIn(machine, ...exchange, ...words)).exit).toBe(0);
    expect(ci.received.at(-1)?.query.get('audience')).toBe('orders');
  }
});

test('an issuer that does not answer may answer later: exit 3, and no token until then', async () => {
  const { machine, posted } = job({ [`${issuer}${metadata}`]: { status: 503 } });
  expect((await cambioIn(machine, ...exchange)).exit).toBe(3);
  expect([ci.received, posted()]).toEqual([[], []]);
});

describe('the same holds for', () => {
  const foreign = { [`${api}${metadata}`]: names({ issuer: 'api://AzureADTokenExchange' }) };
  const aws = () => ({
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_ENDPOINT_URL_STS: ci.url,
  });

  test.each<[string, readonly string[]]>([
    ['aws', ['aws', '--role', 'deploy-prod']],
    ['aws exec', ['aws', 'exec', '--role', 'deploy-prod', '--', 'true']],
    ['revoke in the job', ['revoke', '--token-env', 'ISSUED']],
    ['doctor', ['doctor']],
  ])('%s', async (_what, words) => {
    const { machine, posted } = job(foreign, { ISSUED: jobsToken });
    expect((await cambioIn(machine, ...words)).exit).toBeGreaterThan(0);
    expect([ci.received, posted()]).toEqual([[], []]);
    await cambioIn(job({}, { ISSUED: jobsToken }).machine, ...words);
    expect(ci.received[0]?.query.get('audience')).toBe(issuer);
  });

  test('--from aws', async () => {
    const { machine, posted } = job(foreign, aws());
    expect((await cambioIn(machine, ...exchange, '--from', 'aws')).exit).toBe(2);
    expect([ci.received, posted()]).toEqual([[], []]);
    const own = job({}, aws());
    expect((await cambioIn(own.machine, ...exchange, '--from', 'aws')).exit).toBe(0);
    expect(ci.received[0]?.form.get('Audience.member.1')).toBe(issuer);
  });

  test('buildkite-agent', async () => {
    const asked: (readonly string[])[] = [];
    const runProgram: Machine['runProgram'] = async (_program, args) => {
      asked.push(args);
      return { exit: 0, stdout: jobsToken };
    };
    const variables = { ACTIONS_ID_TOKEN_REQUEST_URL: '', BUILDKITE: 'true' };
    expect((await cambioIn({ ...job(foreign, variables).machine, runProgram }, ...exchange)).exit).toBe(2);
    expect(asked).toEqual([]);
    expect((await cambioIn({ ...job({}, variables).machine, runProgram }, ...exchange)).exit).toBe(0);
    expect(asked).toEqual([['oidc', 'request-token', '--audience', issuer]]);
  });

  test('the agent', async () => {
    const output = { stdout: () => {}, stderr: () => {} };
    for (const [changes, status] of [
      [foreign, 503],
      [{}, 200],
    ] as const) {
      const { machine, posted } = job(changes);
      const agent = await startAgent({ listen: '127.0.0.1:0' }, output, machine);
      const answer = await askerOf(agent.url)('/token', { method: 'POST', body: exchangeForm() });
      await agent.close();
      expect([answer.status, posted().length]).toEqual([status, status === 200 ? 1 : 0]);
      expect(ci.received.length).toBe(status === 200 ? 1 : 0);
    }
  });

  test('the assertion that a client signs, which another Cambio would take', async () => {
    const client = ['--client-id', 'checkout', '--client-key', keyFile, '--token-audience', 'orders'];
    const { machine, posted } = job({ [`${api}${metadata}`]: names({ issuer: others }) });
    expect((await cambioIn(machine, ...exchange, ...client)).exit).toBe(2);
    expect(posted()).toEqual([]);
    const own = job({});
    expect((await cambioIn(own.machine, ...exchange, ...client)).exit).toBe(0);
    const assertion = new URLSearchParams(own.posted()[0]?.body).get('client_assertion') ?? '';
    expect(payloadOf(assertion)?.['aud']).toBe(issuer);
  });
});

test('on loopback the issuer is the API base itself, and nothing else', async () => {
  const variables = { CAMBIO_TOKEN_AUDIENCE: '' };
  const local = await fakeServer(granting);
  const { machine } = job({}, { ...variables, CAMBIO_URL: `${local.url}/` });
  expect((await cambioIn(machine, ...exchange)).exit).toBe(0);
  expect(ci.received[0]?.query.get('audience')).toBe(local.url);
  await local.close();
  for (const named of ['http://127.0.0.1:1', 'api://AzureADTokenExchange', others]) {
    const lying = await fakeServer({ ...granting, [metadata]: names({ issuer: named }) });
    const refused = await cambioIn(job({}, { ...variables, CAMBIO_URL: lying.url }).machine, ...exchange);
    await lying.close();
    expect([named, refused.exit, lying.at('/token')]).toEqual([named, 2, []]);
  }
  expect(ci.received.length).toBe(1);
});
