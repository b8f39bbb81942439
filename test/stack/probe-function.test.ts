// The probe through the whole stack: the function that cdk synth made, with a token of its own role from STS, asks the API.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalStack, startLocalStack } from '../../infra/local/stack.ts';
import { checkNames } from '../../shared/probe/probe.ts';
import { allows, statementsOf } from './iam-statements.ts';
import { signed } from './lifecycle.ts';

const policy = `version: 1
issuers:
  aws: { url: https://a1b2.tokens.sts.global.api.aws, audience: https://sts.acme.example, claims: aws }
clients:
  prober: { auth: { federated: { issuer: aws, match: { sub: "arn:aws:iam::111122223333:role/cambio-probe" } } }, introspects: [canary] }
audiences:
  canary: { ttl: 1m }
rules:
  - { id: canary, from: aws, client: prober, match: { sub: "arn:aws:iam::111122223333:role/cambio-probe" }, grant: { audience: canary } }
`;
const folder = mkdtempSync(join(tmpdir(), 'cambio-probe-'));
let stack: LocalStack;
let schedule: string;

beforeAll(async () => {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, policy);
  const canary = { issuer: 'aws', client: 'prober', audience: 'canary', roleName: 'cambio-probe' };
  stack = await startLocalStack({ policy: file, canary });
  const rule = Object.values(stack.template.Resources).find(({ Type }) => Type === 'AWS::Events::Rule');
  const [target] = stack.resolve(rule?.Properties?.['Targets']) as readonly { readonly Arn: string }[];
  schedule = target?.Arn ?? '';
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

interface ProbeLine {
  readonly message: string;
  readonly event: {
    readonly failed: number;
    readonly revocation_latency?: number;
    readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly got?: string }[];
  };
}

/** How the run ended and what its line says. */
async function runProbe() {
  const { ok } = await stack.invoke(schedule, '{}');
  const lines = stack.logs.flatMap(({ line }) =>
    line.includes('"message":"probe"') ? [JSON.parse(line) as ProbeLine] : [],
  );
  return { ok, event: lines.at(-1)?.event };
}

test('finds that everything holds, by calls it has the right to make; a suspended client is found out', async () => {
  const { ok, event } = await runProbe();
  expect(event?.checks.filter((check) => !check.ok)).toEqual([]);
  expect([ok, event?.checks.map(({ name }) => name)]).toEqual([true, [...checkNames]]);
  expect(event?.revocation_latency).toBeLessThan(20);
  const identity = stack.calls.filter(({ action }) => action === 'sts:GetWebIdentityToken');
  expect(identity).toHaveLength(1);
  const statements = statementsOf(stack);
  for (const call of identity) {
    expect(allows(statements, call)).toBe(true);
    expect(allows(statements, { ...call, context: { 'sts:IdentityTokenAudience': 'https://elsewhere.example' } })).toBe(
      false,
    );
  }
  const suspension = `${stack.url}/admin/suspensions/client/prober`;
  const body = JSON.stringify({ reason: 'game day' });
  expect((await fetch(suspension, { method: 'PUT', body, headers: signed })).status).toBe(200);
  const suspended = await runProbe();
  expect([suspended.ok, suspended.event?.checks.filter((check) => !check.ok)[0]]).toEqual([
    false,
    expect.objectContaining({ name: 'exchange', got: '401 invalid_client' }),
  ]);
  expect((await fetch(suspension, { method: 'DELETE', headers: signed })).status).toBe(204);
  expect((await runProbe()).ok).toBe(true);
});
