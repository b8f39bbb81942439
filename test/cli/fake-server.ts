// A real HTTP server on loopback that remembers each request whole and answers as the test says.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type LoopbackServer, serveHttp } from '../shared/issuers/loopback-server.ts';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly form: URLSearchParams;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string as it is, anything else as JSON. */
  readonly body?: unknown;
}

export interface FakeServer extends Omit<LoopbackServer, 'requests'> {
  readonly received: Received[];
  /** Those of one path. */
  readonly at: (path: string) => readonly Received[];
}

type Answer = (received: Received) => Reply | Promise<Reply>;

/** Paths without an answer are 404. */
export async function fakeServer(answers: Readonly<Record<string, Answer | Reply>>): Promise<FakeServer> {
  const received: Received[] = [];
  const server = await serveHttp((request, response) => {
    void (async () => {
      const got = await receive(request);
      received.push(got);
      const answer = answers[got.path] ?? { status: 404, body: { error: 'invalid_request' } };
      const { status = 200, headers = {}, body = {} } = typeof answer === 'function' ? await answer(got) : answer;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    })();
  });
  const { port, url, close } = server;
  return { port, url, close, received, at: (path) => received.filter((each) => each.path === path) };
}

async function receive(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://loopback');
  const body = Buffer.concat(chunks).toString('utf8');
  const { method = '', headers } = request;
  return { method, path: pathname, query: searchParams, headers, body, form: new URLSearchParams(body) };
}

/** A JWT of the shape CI systems give; nobody signed it. */
export function unsignedJwt(claims: Readonly<Record<string, unknown>> = {}, header: object = {}): string {
  const now = Math.floor(Date.now() / 1_000);
  const payload = {
    iss: 'https://issuer.acme.example',
    aud: 'https://sts.acme.example',
    iat: now,
    exp: now + 300,
    ...claims,
  };
  const parts = [{ alg: 'ES256', typ: 'JWT', ...header }, payload].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return [...parts, 'c2lnbmF0dXJl'].join('.');
}

/** What a server with an issuer and an exchange that grants answers. */
export const granting: Readonly<Record<string, Answer | Reply>> = {
  '/.well-known/oauth-authorization-server': ({ headers }) => {
    const issuer = `http://${headers.host}`;
    return { body: { issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/.well-known/jwks.json` } };
  },
  '/token': { body: { access_token: 'issued', token_type: 'Bearer', expires_in: 300, scope: 'orders:read' } },
};
