// What README.md says a request costs, counted: the calls each makes to AWS once its function is warm.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalStack, startLocalStack } from '../local-stack.ts';
import { type Answer, answerOf, basic, types } from '../rfc/served.ts';
import { makeHolder, proofOf } from '../shared/oauth/dpop-world.ts';
import { readTrail, signTrail } from './trail-of-stack.ts';

const sha256 = createHash('sha256').update('a:b%+ £').digest('hex');
const ours = 'match: { organization_slug: acme-inc }';
const main = 'match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }';
const policy = `version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions }
  once: { url: https://agent.buildkite.com, audience: https://sts.acme.example, claims: buildkite, singleUse: true }
  pool: { url: https://oidc.circleci.com/org/00000000-0000-4000-8000-000000000001, audience: https://sts.acme.example, claims: circleci, quota: { rate: 1/h } }
  few: { url: https://gitlab.com, audience: https://sts.acme.example, claims: gitlab, quota: { rate: 1/h, per: subject } }
clients:
  orders: { auth: { client_secret_basic: { sha256: ${sha256} } }, introspects: [orders-api, opaque-api] }
  many: { auth: { client_secret_basic: { sha256: ${sha256} } }, quota: { rate: 100/h } }
  one: { auth: { client_secret_basic: { sha256: ${sha256} } }, quota: { rate: 1/h } }
  single: { auth: { client_secret_basic: { sha256: ${sha256} } }, quota: { rate: 1/h } }
  keyed: { auth: { private_key_jwt: { jwksUri: https://keyed.acme.example/jwks.json } }, introspects: [orders-api] }
audiences:
  orders-api: { resource: https://orders.acme.example, scopes: [read, write] }
  opaque-api: { scopes: [read], format: reference }
roles:
  deploy: { arn: "arn:aws:iam::111122223333:role/deploy" }
rules:
  - { id: main, from: github, ${main}, grant: { audience: orders-api, scopes: [read, write] } }
  - { id: opaque, from: github, ${main}, grant: { audience: opaque-api, scopes: [read] } }
  - { id: role, from: github, ${main}, grant: { role: deploy } }
  - { id: project, from: few, match: { project_id: "42" }, grant: { role: deploy } }
  - { id: built, from: once, ${ours}, grant: { audience: orders-api, scopes: [read, write] } }
`;

const folder = mkdtempSync(join(tmpdir(), 'cambio-costs-'));
let stack: LocalStack;
beforeAll(async () => {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, policy);
  stack = await startLocalStack({ policy: file, environments: 1 });
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

type Fields = Readonly<Record<string, string>>;
type Call = () => Promise<{ readonly status: number }>;

async function post(path: string, form: Fields, headers: Fields = {}): Promise<Answer> {
  return answerOf(await fetch(`${stack.url}${path}`, { method: 'POST', body: new URLSearchParams(form), headers }));
}

function exchange(subject_token: string, changes: Fields = {}, headers: Fields = {}): Promise<Answer> {
  const grant_type = 'urn:ietf:params:oauth:grant-type:token-exchange';
  return post(
    '/token',
    {
      grant_type,
      subject_token,
      subject_token_type: types.jwt,
      audience: 'orders-api',
      ...changes,
    },
    headers,
  );
}

async function credentials(role: string, token: string): Promise<Answer> {
  return answerOf(await fetch(`${stack.url}/credentials?role=${role}`, { headers: { authorization: token } }));
}

async function asserted(): Promise<Fields> {
  const answer = await fetch(`${stack.url}/_local/clients/keyed/assertion`, { method: 'POST', body: '{}' });
  const { assertion } = (await answer.json()) as { assertion: string };
  return { client_assertion: assertion, client_assertion_type: jwtBearer };
}

async function issued(changes: Fields = {}): Promise<string> {
  return String((await exchange(await stack.tokenFor('github'), changes)).body['access_token']);
}

/** The calls of one request whose function is warm, in any order: all of them beside the one that warmed it. */
async function callsOf(request: () => Promise<Call>, status: number): Promise<readonly string[]> {
  await (await request())();
  const send = await request();
  const before = stack.calls.length;
  expect((await send()).status).toBe(status);
  return stack.calls
    .slice(before)
    .map(({ action }) => action.replace('dynamodb:', ''))
    .sort();
}

describe('an exchange', () => {
  test.each<[string, number, readonly string[], () => Promise<Call>]>([
    [
      'that is granted: revocations read, then signed and recorded',
      200,
      ['BatchGetItem', 'PutItem', 'kms:Sign'],
      async () => {
        const token = await stack.tokenFor('github');
        return () => exchange(token);
      },
    ],
    [
      'that policy refuses: recorded',
      400,
      ['PutItem'],
      async () => {
        const token = await stack.tokenFor('github', { ref: 'refs/heads/other' });
        return () => exchange(token);
      },
    ],
    [
      'for a reference token: two records, no signature',
      200,
      ['BatchGetItem', 'PutItem', 'PutItem'],
      async () => {
        const token = await stack.tokenFor('github');
        return () => exchange(token, { audience: 'opaque-api' });
      },
    ],
    [
      'of a single-use token: its use taken beside the read',
      200,
      ['BatchGetItem', 'PutItem', 'PutItem', 'kms:Sign'],
      async () => {
        const token = await stack.tokenFor('once');
        return () => exchange(token);
      },
    ],
    [
      'repeated: the use is found taken, and joined, and what it got looked up',
      200,
      ['BatchGetItem', 'BatchGetItem', 'PutItem', 'PutItem', 'UpdateItem', 'kms:Sign'],
      async () => {
        const token = await stack.tokenFor('once');
        await exchange(token);
        return () => exchange(token);
      },
    ],
    [
      'by a client with private_key_jwt: its assertion taken beside the read',
      200,
      ['BatchGetItem', 'PutItem', 'PutItem', 'kms:Sign'],
      async () => {
        const [token, assertion] = [await stack.tokenFor('github'), await asserted()];
        return () => exchange(token, assertion);
      },
    ],
    [
      'by a client with a quota: one write more',
      200,
      ['BatchGetItem', 'PutItem', 'UpdateItem', 'kms:Sign'],
      async () => {
        const token = await stack.tokenFor('github');
        return () => exchange(token, {}, basic('many'));
      },
    ],
    [
      'by a client that is over it: recorded',
      429,
      ['PutItem'],
      async () => {
        const token = await stack.tokenFor('github');
        return () => exchange(token, {}, basic('one'));
      },
    ],
    [
      'for AWS credentials: STS, then recorded',
      200,
      ['BatchGetItem', 'PutItem', 'sts:AssumeRole'],
      async () => {
        const token = await stack.tokenFor('github');
        return () => credentials('deploy', token);
      },
    ],
  ])('%s', async (_what, status, calls, request) => {
    expect(await callsOf(request, status)).toEqual(calls);
  });
});

describe('who asks too much', () => {
  test('is told so, with what it may ask and when, and the decision says whose quota it was', async () => {
    const token = await stack.tokenFor('few', { project_id: '42' });
    expect((await credentials('deploy', token)).status).toBe(200);
    const before = stack.calls.length;
    const { status, headers, body } = await credentials('deploy', token);
    expect([status, body['code'], body['message']]).toEqual([429, 'slow_down', 'try again later']);
    const seconds = Number(headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(3_500);
    expect(seconds).toBeLessThanOrEqual(3_600);
    expect(headers.get('ratelimit-policy')).toBe('"subject";q=1;w=3600');
    expect(headers.get('ratelimit')).toBe(`"subject";r=0;t=${seconds}`);
    expect(stack.calls.slice(before).map(({ service }) => service)).not.toContain('sts');
    // Another subject of that issuer has its own.
    const other = await stack.tokenFor('few', {
      project_id: '42',
      sub: 'project_path:acme/other:ref_type:branch:ref:main',
    });
    expect((await credentials('deploy', other)).status).toBe(200);
    const decision = await fetch(`${stack.url}/admin/decisions/${body['decision_id']}`, {
      headers: { authorization: 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/x, SignedHeaders=host, Signature=00' },
    });
    expect(await decision.json()).toMatchObject({
      outcome: 'refused',
      error: 'slow_down',
      reason: 'quota',
      detail: 'over the quota of the subject: 1 in 3600 s',
    });
  });

  test.each<[string, () => Promise<readonly [string, Fields?]>]>([
    ['client', async () => [await stack.tokenFor('github'), basic('single')]],
    ['issuer', async () => [await stack.tokenFor('pool', { sub: `org/${crypto.randomUUID()}` })]],
  ])('at /token by the quota of the %s likewise, whichever token it comes with', async (by, request) => {
    const ask = async () => {
      const [token, headers] = await request();
      return exchange(token, {}, headers);
    };
    // Nobody has a rule for that issuer: what is refused is counted, too.
    expect((await ask()).status).toBe(by === 'client' ? 200 : 400);
    const { status, headers, body } = await ask();
    expect([status, body['error'], body['error_description']]).toEqual([429, 'slow_down', 'too many requests']);
    const seconds = headers.get('retry-after');
    expect(Number(seconds)).toBeGreaterThan(3_400);
    expect([headers.get('ratelimit-policy'), headers.get('ratelimit')]).toEqual([
      `"${by}";q=1;w=3600`,
      `"${by}";r=0;t=${seconds}`,
    ]);
    expect((await exchange(await stack.tokenFor('github'))).status).toBe(200);
  });

  test('and whoever forges, repeats or copies is in the log with issuer and source, in the metrics and in the trail', async () => {
    const [header = '', payload = ''] = (await stack.tokenFor('github')).split('.');
    const used = await stack.tokenFor('once');
    expect((await exchange(used)).status).toBe(200);
    const bound = await stack.tokenFor('github', { cnf: { jkt: 'x'.repeat(43) } });
    const before = stack.metrics().length;
    const attempts: Readonly<Record<string, readonly [Answer, string]>> = {
      signature: [await exchange(`${header}.${payload}.${'A'.repeat(342)}`), 'github'],
      replayed: [await exchange(used, { scope: 'read' }), 'once'],
      binding: [await exchange(bound), 'github'],
      quota: [await exchange(await stack.tokenFor('github'), {}, basic('single')), 'github'],
    };
    const points = stack.metrics().slice(before);
    const countOf = (name: string, of = '') =>
      points.filter((point) => point.name === name && (of === '' || point.dimensions['class'] === of)).length;
    expect(['signature', 'replayed', 'binding'].map((name) => countOf(name))).toEqual([1, 1, 1]);
    expect(countOf('errors', 'throttled')).toBe(1);
    await signTrail(stack);
    const { found } = await readTrail(stack);
    for (const [reason, [{ status, body }, issuer]] of Object.entries(attempts)) {
      expect([reason, status]).toEqual([reason, reason === 'quota' ? 429 : 400]);
      const id = String(body['decision_id']);
      const line = stack.logs.map(({ line: text }) => text).find((text) => text.includes(id)) ?? '{}';
      expect(JSON.parse(line)).toMatchObject({
        message: 'token_exchange',
        event: { decision_id: id, reason, subject: { issuer }, source_ip: '127.0.0.1' },
      });
      const event = found.find(({ unmapped }) => JSON.stringify(unmapped).includes(id));
      expect(event).toMatchObject({ class_uid: 3002, status_code: reason, unmapped: { subject: { issuer } } });
    }
    // The quotas themselves are there since they were deployed.
    const quotas = { count: 1, seconds: 3_600, burst: 1 };
    const deployed = found.find(({ entity }) => JSON.stringify(entity).includes('"type":"policy"'));
    expect(deployed).toMatchObject({ class_uid: 3004, entity: { data: { hash: expect.any(String) } } });
    expect(JSON.stringify(deployed)).toContain(JSON.stringify(JSON.stringify({ single: quotas })).slice(2, -2));
  });

  test('and proves nothing costs no read, no signature and no session, and beyond a budget no write', async () => {
    const [header = '', payload = ''] = (await stack.tokenFor('github')).split('.');
    const holder = await makeHolder();
    const proven = { htu: `${stack.url}/token`, iat: Math.floor(Date.now() / 1_000) };
    const ask: readonly (() => Promise<Answer>)[] = [
      () => exchange('garbage'),
      () => exchange(`${header}.${payload}.${'A'.repeat(342)}`),
      () => exchange(payload, {}, { authorization: 'Basic bWFueTp3cm9uZw==' }),
      () => post('/token', { grant_type: 'password' }),
      () => credentials('deploy', `${header}.${payload}.AAAA`),
      () => exchange('garbage', {}, { dpop: 'garbage' }),
      () => exchange('garbage', {}, { dpop: proofOf(holder, { ...proven, iat: 0 }) }),
      () => exchange('garbage', {}, { dpop: proofOf(holder, { ...proven, nonce: 'made.up' }) }),
    ];
    // The nonce that a proof without one is told is there already.
    expect((await ask.at(-1)?.())?.body).toMatchObject({ error: 'use_dpop_nonce' });
    const [before, start] = [stack.calls.length, Date.now()];
    for (let one = 0; one < 100; one += 1) {
      const { status } = (await ask[one % ask.length]?.()) ?? {};
      expect([400, 401]).toContain(status);
    }
    const calls = stack.calls.slice(before).map(({ action }) => action);
    expect(new Set(calls)).toEqual(new Set(['dynamodb:PutItem']));
    expect(calls.length).toBeLessThanOrEqual(51 + (2 * (Date.now() - start)) / 1_000);
    // All the while whoever proves something is served.
    expect((await exchange(await stack.tokenFor('github'))).status).toBe(200);
  });
});

describe('after issuance', () => {
  const signed = { ...basic('orders'), accept: 'application/token-introspection+jwt' };
  test.each<[string, readonly string[], () => Promise<Call>]>([
    [
      'introspecting a JWT reads revocations',
      ['BatchGetItem'],
      async () => {
        const token = await issued();
        return () => post('/introspect', { token }, basic('orders'));
      },
    ],
    [
      'introspecting a reference token reads it first',
      ['BatchGetItem', 'GetItem'],
      async () => {
        const token = await issued({ audience: 'opaque-api' });
        return () => post('/introspect', { token }, basic('orders'));
      },
    ],
    [
      'a signed answer is signed',
      ['BatchGetItem', 'kms:Sign'],
      async () => {
        const token = await issued();
        const body = new URLSearchParams({ token });
        return () => fetch(`${stack.url}/introspect`, { method: 'POST', body, headers: signed });
      },
    ],
    [
      'an assertion is taken first',
      ['BatchGetItem', 'PutItem'],
      async () => {
        const [token, assertion] = [await issued(), await asserted()];
        return () => post('/introspect', { token, ...assertion });
      },
    ],
    [
      'revoking writes the revocation',
      ['PutItem'],
      async () => {
        const body = (await exchange(await stack.tokenFor('github'), {}, basic('orders'))).body;
        return () => post('/revoke', { token: String(body['access_token']) }, basic('orders'));
      },
    ],
  ])('%s', async (_what, calls, request) => {
    expect(await callsOf(request, 200)).toEqual(calls);
  });
});
