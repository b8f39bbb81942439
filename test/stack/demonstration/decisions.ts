// Decisions on the running stack: what an exchange leaves behind, as operators read it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LocalStack } from '../../../infra/local/stack.ts';
import { cambioIn, inTheWorld } from '../../cli/cambio.ts';
import { documentedFetch as fetch } from '../../documented.ts';
import { demonstrationStack } from './stack.ts';

let stack: LocalStack;
beforeAll(async () => {
  stack = await demonstrationStack();
});

/** The local stack checks only that such a header is there. */
const signed = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/execute-api/aws4_request, SignedHeaders=host, Signature=00',
};
const unknown = '00000000-0000-4000-8000-000000000000';

async function exchange(claims: Record<string, unknown> = {}): Promise<Record<string, string>> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await stack.tokenFor('github', claims),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: 'orders-api',
  });
  const response = await fetch(`${stack.url}/token`, { method: 'POST', body });
  return (await response.json()) as Record<string, string>;
}

async function decision(id: string, headers: Record<string, string> = signed) {
  const response = await fetch(`${stack.url}/admin/decisions/${id}`, { headers });
  return { status: response.status, headers: response.headers, body: (await response.json()) as object };
}

const payloadOf = (jwt = ''): { readonly jti: string; readonly sub: string; readonly exp: number } =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());

describe('GET /admin/decisions/{decision_id}', () => {
  test('says of a grant which rule, what it looked at, and what was issued', async () => {
    const { access_token } = await exchange();
    const { jti, sub, exp } = payloadOf(access_token);
    const { status, body, headers } = await decision(jti);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toContain('no-store');
    expect(body).toMatchObject({
      decision_id: jti,
      outcome: 'granted',
      rule: 'orders-from-main',
      request: { audiences: ['orders-api'] },
      subject: { issuer: 'github', claims: { ref: 'refs/heads/main' } },
      issued: { jti, sub, exp, audience: 'orders-api' },
    });
    expect(JSON.stringify(body)).not.toContain(access_token?.split('.')[2]);
  });

  test('says of a refusal why, to the condition, under the id the caller was given', async () => {
    const { error, decision_id = '' } = await exchange({ ref: 'refs/heads/other' });
    expect(error).toBe('invalid_target');
    const { status, body } = await decision(decision_id);
    expect(status).toBe(200);
    expect(body).toMatchObject({ decision_id, outcome: 'refused', error: 'invalid_target', reason: 'no_rule' });
    const { rules } = body as { rules: { id: string; matched: boolean; conditions: object[] }[] };
    const rule = rules.find(({ id }) => id === 'orders-from-main');
    expect(rule?.matched).toBe(false);
    expect(rule?.conditions).toContainEqual(
      expect.objectContaining({ name: 'ref', wanted: ['refs/heads/main'], got: 'refs/heads/other', matched: false }),
    );
  });

  test('is 403 without a signature, 404 for an unknown id, 400 for no id, 405 for another method', async () => {
    const { decision_id = '' } = await exchange({ ref: 'refs/heads/other' });
    expect((await decision(decision_id)).status).toBe(200);
    expect((await decision(decision_id, {})).status).toBe(403);
    expect((await decision(unknown)).status).toBe(404);
    expect((await decision('not-an-id')).status).toBe(400);
    const posted = await fetch(`${stack.url}/admin/decisions/${decision_id}`, { method: 'POST', headers: signed });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

describe('GET /admin/decisions', () => {
  const list = async (query: string, headers: Record<string, string> = signed) => {
    const response = await fetch(`${stack.url}/admin/decisions${query}`, { headers });
    const body = (await response.json()) as { decisions: { decision_id: string; outcome: string }[]; next?: string };
    return { status: response.status, body };
  };

  test('lists the latest, newest first: grants, and refusals with their reason', async () => {
    // Decisions of the other tests are older than this second.
    const since = Math.floor(Date.now() / 1_000) + 1;
    while (Date.now() < since * 1_000) await delay(20);
    const { access_token } = await exchange();
    const { jti } = payloadOf(access_token);
    const { decision_id = '' } = await exchange({ ref: 'refs/heads/other' });
    const at = expect.any(Number);
    const grant = { decision_id: jti, at, outcome: 'granted' };
    const refusal = { decision_id, at, outcome: 'refused', reason: 'no_rule' };
    const { status, body } = await list(`?since=${since}`);
    expect(status).toBe(200);
    expect(body.decisions).toHaveLength(2);
    expect(body.decisions).toEqual(expect.arrayContaining([grant, refusal]));
    expect((await list(`?since=${since}&outcome=granted`)).body).toEqual({ decisions: [grant] });
    expect((await list(`?since=${since}&reason=no_rule`)).body).toEqual({ decisions: [refusal] });
    const first = (await list(`?since=${since}&limit=1`)).body;
    const second = (await list(`?since=${since}&limit=1&next=${first.next}`)).body;
    expect([...first.decisions, ...second.decisions]).toEqual(body.decisions);
    expect((await list('?limit=0')).status).toBe(400);
    expect((await list('', {})).status).toBe(403);
  });
});

describe('cambio', () => {
  test('why prints the trace of a refusal of this stack, and policy replay what another policy makes of it', async () => {
    const { decision_id = '' } = await exchange({ ref: 'refs/heads/other' });
    const machine = inTheWorld({ CAMBIO_URL: stack.url });
    const told = await cambioIn(machine, 'why', decision_id);
    expect([told.exit, told.stderr]).toEqual([0, '']);
    expect(told.stdout).toContain('✗ ref: wanted "refs/heads/main", got "refs/heads/other"');
    expect((await cambioIn(machine, 'why', unknown)).exit).toBe(1);

    const { stdout } = await cambioIn(machine, 'why', decision_id, '--json');
    const folder = mkdtempSync(join(tmpdir(), 'cambio-decisions-'));
    const audit = join(folder, 'audit.jsonl');
    writeFileSync(audit, stdout);
    const replayed = await cambioIn(machine, 'policy', 'replay', audit, '--policy', 'infra/policy');
    rmSync(folder, { recursive: true });
    expect([replayed.exit, replayed.stdout]).toEqual([0, expect.stringContaining('1 stay')]);
  });
});
