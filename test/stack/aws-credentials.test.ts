// AWS credentials from the running stack: POST /token for a role, and what the credentials are good for.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Fault, RecordedCall } from '../../infra/local/protocol/calls.ts';
import { documentedFetch as fetch } from '../documented.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';

const arn = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
const policy = `version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions, private: [actor] }
audiences:
  orders-api: { scopes: [orders:read] }
roles:
  deploy: { arn: "${arn('deploy')}", externalId: acme-7 }
  web: { arn: "${arn('ci/web')}", via: web-identity, maxTtl: 12h }
rules:
  - id: deploys
    from: github
    match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }
    grant:
      role: deploy
      tags: { repo: "\${claims.repository}", env: { value: "\${claims.environment}", required: false } }
      transitive: [repo]
      sourceIdentity: "\${claims.actor}"
  - id: webs
    from: github
    match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }
    outlive: true
    grant: { role: web, ttl: 6h, tags: { repo: "\${claims.repository}" }, sourceIdentity: "\${claims.actor}" }
  - id: orders
    from: github
    match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }
    grant: { audience: orders-api, scopes: [orders:read] }
`;
const folder = mkdtempSync(join(tmpdir(), 'cambio-aws-'));
let stack: LocalStack;
let fault: (call: RecordedCall) => Fault | undefined = () => undefined;
beforeAll(async () => {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, policy);
  stack = await startLocalStack({ policy: file, fault: (call) => fault(call) });
});
afterEach(() => {
  fault = () => undefined;
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

async function exchange(audience: string, claims: Record<string, unknown> = {}): Promise<Answer> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await stack.tokenFor('github', claims),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience,
  });
  const response = await fetch(`${stack.url}/token`, { method: 'POST', body });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body: answer };
}

interface Credentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
  readonly Expiration: string;
}

const credentialsOf = ({ body }: Answer): Credentials => JSON.parse(String(body['access_token'])) as Credentials;

/** Who STS says holds the credentials. */
async function holderOf({ AccessKeyId, SecretAccessKey, SessionToken }: Credentials): Promise<string | undefined> {
  const endpoint = (await stack.functions())[0]?.environment['AWS_ENDPOINT_URL_STS'] ?? '';
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  const client = new STSClient({ endpoint, region: 'eu-west-1', credentials });
  return (await client.send(new GetCallerIdentityCommand({}))).Arn;
}

const signed = {
  authorization: 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/x, SignedHeaders=host, Signature=00',
};
async function decision(id: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${stack.url}/admin/decisions/${String(id)}`, { headers: signed });
  return (await response.json()) as Record<string, unknown>;
}

describe('POST /token for a role', () => {
  test('gives credentials that work, for the subject’s session of exactly that role', async () => {
    const answer = await exchange('deploy');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toContain('no-store');
    expect(answer.body).toMatchObject({
      issued_token_type: 'urn:cambio:token-type:aws-credentials',
      token_type: 'N_A',
      access_token: expect.any(String),
    });
    expect(answer.body).not.toHaveProperty('scope');
    expect(answer.body['expires_in']).toBe(900);
    const holder = await holderOf(credentialsOf(answer));
    expect(holder).toMatch(/^arn:aws:sts::111122223333:assumed-role\/deploy\/github-repo-acme[\w+=,.@-]+=[\w-]{16}$/);
    expect(await holderOf(credentialsOf(await exchange('deploy')))).toBe(holder);
  });

  test('sends the external id, tags and the source identity, and nothing the token chose', async () => {
    const before = stack.calls.length;
    expect((await exchange('deploy', { roleArn: arn('admin'), externalId: 'other' })).status).toBe(200);
    const call = stack.calls.slice(before).find(({ action }) => action === 'sts:AssumeRole');
    expect(call).toMatchObject({
      resource: arn('deploy'),
      context: {
        'sts:ExternalId': 'acme-7',
        'sts:SourceIdentity': 'octocat',
        'aws:RequestTag/repo': 'acme/api',
        'aws:RequestTag/env': 'prod',
        'sts:TransitiveTagKeys': 'repo',
      },
    });
  });

  test('leaves a decision with the session, under the id that the log has, and no credential anywhere', async () => {
    const answer = await exchange('deploy', { environment: 'a*' });
    const credentials = credentialsOf(answer);
    const line = stack.logs.findLast(({ line: text }) => text.includes('"session":{"role_arn"'))?.line ?? '{}';
    const { event } = JSON.parse(line) as { event: { decision_id: string } };
    expect(await decision(event.decision_id)).toMatchObject({
      outcome: 'granted',
      rule: 'deploys',
      issued: {
        audience: 'deploy',
        session: {
          role_arn: arn('deploy'),
          tags: ['repo'],
          dropped_tags: [{ key: 'env', problem: 'characters' }],
          packed_policy_size: expect.any(Number),
        },
      },
    });
    const kept = JSON.stringify([stack.logs, stack.calls, await decision(event.decision_id)]);
    for (const secret of [credentials.SecretAccessKey, credentials.SessionToken, credentials.AccessKeyId]) {
      expect(kept).not.toContain(secret);
    }
    // The log has the claims that are not private; the session's name and source identity come from others.
    expect(JSON.stringify(await decision(event.decision_id))).not.toContain('octocat');
  });

  test('is refused where STS refuses, with what it said in the trace and not in the answer', async () => {
    fault = ({ action }) => (action === 'sts:AssumeRole' ? { code: 'AccessDenied', status: 403 } : undefined);
    const { status, body } = await exchange('deploy');
    expect([status, body['error']]).toEqual([400, 'invalid_target']);
    expect(await decision(body['decision_id'])).toMatchObject({
      outcome: 'refused',
      reason: 'sts',
      detail: 'AccessDenied: injected fault',
      rule: 'deploys',
    });
    expect(JSON.stringify(body)).not.toContain('AccessDenied');
    fault = () => undefined;
    expect((await exchange('deploy')).status).toBe(200);
  });

  test.each<[string, Fault]>([
    ['throttles', { code: 'Throttling', status: 400 }],
    ['is broken', { code: 'InternalFailure', status: 500 }],
    ['is too slow', { delayMs: 5_000 }],
  ])('is 503 while STS %s, and granted as soon as it is over', async (_what, answer) => {
    fault = ({ action }) => (action === 'sts:AssumeRole' ? answer : undefined);
    const refused = await exchange('deploy');
    expect([refused.status, refused.body['error']]).toEqual([503, 'temporarily_unavailable']);
    expect(refused.headers.get('retry-after')).toBe('1');
    fault = () => undefined;
    expect((await exchange('deploy')).status).toBe(200);
  });

  test('is refused to another branch, which STS never hears of', async () => {
    const before = stack.calls.length;
    const { status, body } = await exchange('deploy', { ref: 'refs/heads/x' });
    expect([status, body['error']]).toEqual([400, 'invalid_target']);
    expect(stack.calls.slice(before).some(({ service }) => service === 'sts')).toBe(false);
  });
});

describe('a role via web-identity', () => {
  test('gives sessions beyond the hour of role chaining, from keys that STS fetches from the issuer', async () => {
    const before = stack.calls.length;
    const answer = await exchange('web');
    expect(answer.status).toBe(200);
    expect(answer.body['expires_in']).toBe(21_600);
    expect(await holderOf(credentialsOf(answer))).toMatch(/assumed-role\/web\/github-repo-acme/);
    const actions = stack.calls.slice(before).map(({ action }) => action);
    expect(actions).toContain('sts:AssumeRoleWithWebIdentity');
    expect(actions).not.toContain('sts:AssumeRole');
  });
});
