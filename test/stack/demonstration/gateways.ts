// Gateways that ask the agent before they pass a request on, in front of the running local stack: a real nginx, and what
// Envoy sends.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { LocalStack } from '../../../infra/local/stack.ts';
import { type AgentWorld, askerOf, startAgentFor } from '../../cli/agent/agent-world.ts';
import { snippetOf } from '../../cli/snippets.ts';
import { installed } from '../../installed.ts';
import { type Nginx, startNginx } from '../../nginx.ts';
import { demonstrationStack } from './stack.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-gateways-'));
let stack: LocalStack;
let pod: string;
let fork: string;
/** The service behind the gateway: the requests it got. */
const arrived: IncomingMessage[] = [];
const service = createServer((got, response) => {
  arrived.push(got);
  response.end('served');
});
let servicePort: number;
beforeAll(async () => {
  stack = await demonstrationStack();
  pod = await stack.tokenFor('eks', { sub: 'system:serviceaccount:shop:cart' });
  fork = await stack.tokenFor('github', { event_name: 'pull_request' });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  servicePort = (service.address() as AddressInfo).port;
});
afterAll(async () => {
  service.closeAllConnections();
  await new Promise((resolve) => service.close(resolve));
  rmSync(folder, { recursive: true });
});

const claimsOf = (authorization: string | string[] | undefined) => {
  const [, payload = ''] = String(authorization).split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Readonly<Record<string, unknown>>;
};
const exchanges = () => stack.calls.filter(({ action }) => action === 'kms:Sign').length;

const hasNginx = installed('nginx', 'nginx with auth_request in front of the agent');

describe.skipIf(!hasNginx)(`nginx${hasNginx ? '' : ' (NOT INSTALLED, SKIPPED)'}`, () => {
  let agent: AgentWorld;
  let prover: AgentWorld;
  let nginx: Nginx;
  let [port, boundPort] = [0, 0];
  beforeAll(async () => {
    agent = await startAgentFor(stack.url);
    prover = await startAgentFor(stack.url, { dpop: true });
    const locations = (heading: string, { listener }: AgentWorld) =>
      snippetOf('agent.md', heading, 'nginx')
        .replace('127.0.0.1:9911', new URL(listener.url).host)
        .replace('127.0.0.1:8080', `127.0.0.1:${servicePort}`);
    nginx = await startNginx(folder, [
      (address) => `listen ${address}; ${locations('nginx', agent)}`,
      (address) => `listen ${address}; ${locations('Tokens that are bound to a key', prover)}`,
    ]);
    [port = 0, boundPort = 0] = nginx.ports;
  });
  afterAll(async () => {
    await nginx.close();
    await agent.close();
    await prover.close();
  });

  const get = (headers: Record<string, string>) => fetch(`http://127.0.0.1:${port}/orders?x=1`, { headers });

  test('passes a request on with the swapped token, and asks Cambio once', async () => {
    const before = exchanges();
    for (let round = 0; round < 3; round += 1) {
      const response = await get({
        authorization: `Bearer ${pod}`,
        origin: 'https://shop.acme.example',
        'sec-fetch-site': 'same-site',
      });
      expect([response.status, await response.text()]).toEqual([200, 'served']);
    }
    expect(arrived.at(-1)?.url).toBe('/orders?x=1');
    const claims = claimsOf(arrived.at(-1)?.headers.authorization);
    expect(claims).toMatchObject({ aud: 'https://orders.acme.example', sub: 'eks|system:serviceaccount:shop:cart' });
    expect(exchanges() - before).toBe(1);
  });

  test('turns away a request without a token, with a bad one, and with one that has no right', async () => {
    const before = arrived.length;
    expect((await get({})).status).toBe(401);
    expect((await get({ authorization: `Bearer ${pod.slice(0, -8)}AAAAAAAA` })).status).toBe(401);
    expect((await get({ authorization: `Bearer ${fork}` })).status).toBe(403);
    expect(arrived.length).toBe(before);
    expect((await get({ authorization: `Bearer ${pod}` })).status).toBe(200);
  });

  test('passes a request on with a token that is bound to the agent’s key, and a proof that an API takes for it alone', async () => {
    const bearer = `Bearer ${pod}`;
    const sent = { method: 'POST', headers: { authorization: bearer, dpop: 'mine', 'x-original-method': 'DELETE' } };
    expect((await fetch(`http://127.0.0.1:${boundPort}/orders/7?x=1`, sent)).status).toBe(200);
    const { authorization = '', dpop } = arrived.at(-1)?.headers ?? {};
    const issuer = new URL(stack.url);
    const discovered = await oauth.discoveryRequest(issuer, {
      algorithm: 'oauth2',
      [oauth.allowInsecureRequests]: true,
    });
    const server = await oauth.processDiscoveryResponse(issuer, discovered);
    const taken = (method: string, path: string) => {
      const headers = { authorization, dpop: String(dpop) };
      const request = new Request(`https://orders.acme.example${path}`, { method, headers });
      const options = { requireDPoP: true, [oauth.allowInsecureRequests]: true };
      return oauth.validateJwtAccessToken(server, request, 'https://orders.acme.example', options);
    };
    expect(await taken('POST', '/orders/7?x=1')).toMatchObject({ sub: 'eks|system:serviceaccount:shop:cart' });
    await expect(taken('DELETE', '/orders/7?x=1')).rejects.toThrow('htm');
    await expect(taken('POST', '/orders/8')).rejects.toThrow('htu');
  });

  test('does not let anybody ask the agent directly', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/cambio`, { headers: { authorization: `Bearer ${pod}` } });
    expect([response.status, response.headers.get('authorization')]).toEqual([404, null]);
  });
});

describe('Envoy’s ext_authz', () => {
  interface EnvoyConfiguration {
    readonly http_filters: readonly [
      { readonly typed_config: Readonly<Record<string, unknown>> & { readonly http_service: HttpService } },
    ];
    readonly clusters: readonly [{ readonly name: string; readonly load_assignment: { readonly endpoints: unknown } }];
  }
  interface HttpService {
    readonly server_uri: { readonly cluster: string };
    readonly path_prefix: string;
    readonly authorization_response: {
      readonly allowed_upstream_headers: { readonly patterns: readonly { exact: string }[] };
    };
  }
  const configuration = parse(snippetOf('agent.md', 'Envoy', 'yaml')) as EnvoyConfiguration;
  const [{ typed_config: filter }] = configuration.http_filters;
  let agent: AgentWorld;
  beforeAll(async () => {
    agent = await startAgentFor(stack.url, { listen: `unix:${join(folder, 'agent.sock')}` });
  });
  afterAll(() => agent.close());

  /** What Envoy sends: method, Host, path behind the prefix, Authorization, and an empty body. */
  const check = (method: string, path: string, headers: Record<string, string>) =>
    askerOf(agent.listener.url)(`${filter.http_service.path_prefix}${path}`, {
      method,
      headers: { host: 'shop.acme.example', 'content-length': '0', ...headers },
    });

  test('is configured to fail closed, over the agent’s socket, and to pass on Authorization alone', () => {
    expect(filter['failure_mode_allow']).toBe(false);
    const [cluster] = configuration.clusters;
    expect(filter.http_service.server_uri.cluster).toBe(cluster.name);
    expect(JSON.stringify(cluster.load_assignment.endpoints)).toContain('"pipe":{"path":"/run/cambio/agent.sock"}');
    expect(filter.http_service.authorization_response.allowed_upstream_headers.patterns).toEqual([
      { exact: 'authorization' },
    ]);
  });

  test.each([
    ['GET', '/orders?x=1'],
    ['POST', '/'],
    ['DELETE', '/orders/7/items/%2F'],
  ])('%s %s is answered 200 with the swapped token', async (method, path) => {
    const { status, headers } = await check(method, path, { authorization: `Bearer ${pod}` });
    expect(status).toBe(200);
    expect(claimsOf(headers['authorization'])).toMatchObject({ aud: 'https://orders.acme.example' });
  });

  test('is answered 401 without a token and 403 without the right: Envoy allows on 200 only', async () => {
    expect((await check('GET', '/orders', {})).status).toBe(401);
    expect((await check('GET', '/orders', { authorization: `Bearer ${fork}` })).status).toBe(403);
  });

  test.each([
    '/../payments-api',
    '/%2e%2e/payments-api',
    '/..%2fpayments-api',
    '//payments-api',
  ])('cannot be brought to ask for another audience by the path %s', async (path) => {
    const checkout = {
      authorization: `Bearer ${await stack.tokenFor('eks', { sub: 'system:serviceaccount:shop:checkout' })}`,
    };
    const allowed = await askerOf(agent.listener.url)('/authz/payments-api', { headers: checkout });
    expect(claimsOf(allowed.headers['authorization'])).toMatchObject({ aud: 'payments-api' });
    const { status, headers } = await check('GET', path, checkout);
    expect([status, claimsOf(headers['authorization'])['aud']]).toEqual([200, 'https://orders.acme.example']);
  });
});
