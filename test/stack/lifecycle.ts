// A running stack for what comes after issuance: a policy with single use, reference tokens and clients of every kind that
// introspects, hops and revokes; and the calls that tests make.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineName } from '../../infra/local/dynamodb/engine.ts';
import { documentedFetch as fetch } from '../documented.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';
import { type Answer, answerOf, basic, types } from '../rfc/served.ts';

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const sha256 = createHash('sha256').update('a:b%+ £').digest('hex');
const secret = `{ auth: { client_secret_basic: { sha256: ${sha256} } }`;
const main = 'match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }';

const policy = `version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions }
  once: { url: https://agent.buildkite.com, audience: https://sts.acme.example, claims: buildkite, singleUse: true }
clients:
  orders: ${secret}, introspects: [orders-api, opaque-api] }
  payments: ${secret}, introspects: [payments-api] }
audiences:
  orders-api: { resource: https://orders.acme.example, scopes: [read, write] }
  payments-api: { scopes: [read, write] }
  opaque-api: { scopes: [read], format: reference }
rules:
  - { id: main, from: github, ${main}, grant: { audience: orders-api, scopes: [read, write] } }
  - { id: opaque, from: github, ${main}, grant: { audience: opaque-api, scopes: [read] } }
  - { id: built, from: once, match: { organization_slug: acme-inc }, grant: { audience: orders-api, scopes: [read, write] } }
  - { id: built-opaque, from: once, match: { organization_slug: acme-inc }, grant: { audience: opaque-api, scopes: [read] } }
  - { id: hop, from: self, client: orders, match: { aud: orders-api }, grant: { audience: payments-api, scopes: [read, write] } }
  - { id: back, from: self, client: payments, match: { aud: payments-api }, grant: { audience: orders-api, scopes: [read, write] } }
`;

export type Fields = Readonly<Record<string, string>>;

/** The header that IAM's signature would be; the local stack looks no further. */
export const signed = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261125/eu-west-1/execute-api/aws4_request, SignedHeaders=host, Signature=00',
};

export interface Lifecycle {
  readonly stack: LocalStack;
  readonly post: (path: string, form: Fields, headers?: Fields) => Promise<Answer>;
  readonly exchange: (subject_token: string, changes?: Fields, headers?: Fields) => Promise<Answer>;
  /** The token of a granted exchange. */
  readonly token: (subject_token: string, changes?: Fields, headers?: Fields) => Promise<string>;
  /** Whether a token is active, to the client of its audience. */
  readonly active: (token: string, client?: string) => Promise<unknown>;
  readonly revokeBy: (by: string, value: string, more?: Readonly<Record<string, unknown>>) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

export interface LifecycleOptions {
  /** URL of a DynamoDB to use instead of the stack's own. */
  readonly dynamodb?: string;
  readonly engine?: EngineName;
  /** Of each function. */
  readonly environments?: number;
}

export async function startLifecycle({
  dynamodb,
  engine,
  environments = 4,
}: LifecycleOptions = {}): Promise<Lifecycle> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-lifecycle-'));
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, policy);
  const stack = await startLocalStack({
    policy: file,
    environments,
    engine,
    ...(dynamodb !== undefined && { env: { AWS_ENDPOINT_URL_DYNAMODB: dynamodb } }),
  });
  const send = async (path: string, body: URLSearchParams | string, headers: Fields = {}): Promise<Answer> =>
    answerOf(await fetch(`${stack.url}${path}`, { method: 'POST', body, headers }));
  const post: Lifecycle['post'] = (path, form, headers) => send(path, new URLSearchParams(form), headers);
  const exchange: Lifecycle['exchange'] = (subject_token, changes = {}, headers = {}) => {
    const request = { grant_type: grant, subject_token, subject_token_type: types.jwt, audience: 'orders-api' };
    return post('/token', { ...request, ...changes }, headers);
  };
  return {
    stack,
    post,
    exchange,
    token: async (...request) => {
      const { status, body } = await exchange(...request);
      if (status !== 200) throw new Error(`not granted: ${JSON.stringify(body)}`);
      return String(body['access_token']);
    },
    active: async (token, client = 'orders') => (await post('/introspect', { token }, basic(client))).body['active'],
    revokeBy: (by, value, more = {}) =>
      send('/admin/revocations', JSON.stringify({ by, value, reason: 'test', ...more }), signed),
    close: async () => {
      await stack.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Changes that exchange a token of ours. */
export const hopTo = (audience: string): Fields => ({ subject_token_type: types.access, audience });
