// The probe through the whole stack: the function that cdk synth made, with a token of its own role from STS, asks the API. And
// what it is for: aliases that shift to a new version, and are set back.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseFilterPattern } from '../../infra/local/metrics/filter-pattern.ts';
import { resourcesOfType } from '../../infra/local/template/stack-template.ts';
import type { AllowRule, CompiledPolicy, PolicyRule } from '../../shared/policy/compiled-policy.ts';
import { checkNames } from '../../shared/probe/probe.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';
import { answerOf, types } from '../rfc/served.ts';
import { allows, statementsOf } from './iam-statements.ts';
import { signed } from './lifecycle.ts';

const policy = `version: 1
issuers:
  aws: { url: https://a1b2.tokens.sts.global.api.aws, audience: https://sts.acme.example, claims: aws }
  okta: { url: https://acme.okta.example, audience: checkout-users, claims: { team: string }, singleUse: true }
clients:
  prober: { auth: { federated: { issuer: aws, match: { sub: "arn:aws:iam::111122223333:role/cambio-probe" } } }, introspects: [canary] }
audiences:
  canary: { ttl: 1m }
  orders-api: {}
rules:
  - { id: canary, from: aws, client: prober, match: { sub: "arn:aws:iam::111122223333:role/cambio-probe" }, grant: { audience: canary } }
  - { id: shop, from: okta, match: { team: shop }, grant: { audience: orders-api, ttl: 5m } }
`;
const folder = mkdtempSync(join(tmpdir(), 'cambio-probe-'));
let stack: LocalStack;
let schedule: string;

beforeAll(async () => {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, policy);
  const canary = { issuer: 'aws', client: 'prober', audience: 'canary', roleName: 'cambio-probe' };
  stack = await startLocalStack({ policy: file, canary });
  const [, rule] =
    Object.entries(stack.template.Resources).find(
      ([id, { Type }]) => Type === 'AWS::Events::Rule' && id.includes('Probe'),
    ) ?? [];
  const [target] = stack.resolve(rule?.Properties?.['Targets']) as readonly { readonly Arn: string }[];
  schedule = target?.Arn ?? '';
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

/** The token function: its own ARN, and its alias that the routes lead to. */
async function tokenFunction() {
  const functions = await stack.functions();
  const found = functions.find(({ logicalId, version }) => version === '1' && logicalId.includes('EndpointsToken'));
  if (!found) return expect.fail('no token function');
  return { arn: found.arn, live: `${found.arn}:live`, directory: found.environment['LAMBDA_TASK_ROOT'] ?? '' };
}

/** A new version of the token function, whose policy is changed. @returns its number */
async function publish(change: (policy: CompiledPolicy) => Partial<CompiledPolicy>): Promise<string> {
  const { arn, directory } = await tokenFunction();
  const changed = mkdtempSync(join(folder, 'version-'));
  cpSync(directory, changed, { recursive: true });
  const file = join(changed, 'policy.json');
  const served = JSON.parse(readFileSync(file, 'utf8')) as CompiledPolicy;
  writeFileSync(file, JSON.stringify({ ...served, hash: '0'.repeat(64), ...change(served) }));
  return stack.publish(arn, { directory: changed });
}

/** As CodeDeploy does; 1 is all, and undefined sets the alias back. */
async function shift(version: string, weight: number | undefined): Promise<void> {
  const { live } = await tokenFunction();
  stack.shift(live, weight === undefined ? undefined : { version, weight });
}

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

/** The rules with one changed, or left out. */
const ruled = (id: string, change: (rule: AllowRule) => readonly AllowRule[]) => (served: CompiledPolicy) => ({
  rules: served.rules.flatMap((rule): readonly PolicyRule[] => (rule.id === id ? change(rule as AllowRule) : [rule])),
});

test('a new version that refuses what is granted is found while it has half of the requests, and not once it is taken back', async () => {
  const refusing = await publish(ruled('canary', () => []));
  await shift(refusing, 0.5);
  const failed: unknown[] = [];
  for (let run = 0; run < 5 && failed.length === 0; run += 1) {
    const { ok, event } = await runProbe();
    if (!ok) failed.push(...(event?.checks.filter((check) => !check.ok) ?? []));
  }
  expect(failed[0]).toMatchObject({ name: 'exchange', got: '400 invalid_target' });
  await shift(refusing, undefined);
  expect(await runProbe()).toMatchObject({ ok: true, event: { failed: 0 } });
});

test('while versions shift a lost answer costs nothing, and the version that would grant something else refuses', async () => {
  const again = await publish(ruled('canary', (rule) => [{ ...rule, grant: { ...rule.grant, ttl: 30 } }]));
  const shorter = await publish(ruled('shop', (rule) => [{ ...rule, grant: { ...rule.grant, ttl: 60 } }]));
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await stack.tokenFor('okta', { team: 'shop' }),
    ...{ subject_token_type: types.jwt, audience: 'orders-api' },
  });
  const exchange = async () => {
    const { status, body: answer } = await answerOf(await fetch(`${stack.url}/token`, { method: 'POST', body }));
    if (status !== 200) return `${status} ${answer['error']}`;
    return JSON.parse(Buffer.from(String(answer['access_token']).split('.')[1] ?? '', 'base64url').toString())
      .jti as string;
  };
  const first = await exchange();
  const answers: string[] = [];
  for (const version of [again, shorter, undefined]) {
    await shift(version ?? again, version === undefined ? undefined : 1);
    answers.push(await exchange());
  }
  expect(answers).toEqual([first, '400 invalid_request', first]);
  expect(first).toMatch(/^[0-9a-f-]{36}$/);
});

/** Percent that the alarm of the newest version sees, were that the one named: by its own metrics, filter and expression. */
function seenOf(version: string): number {
  const inRollout = (type: string) =>
    resourcesOfType(stack.template, type).find(([id]) => id.includes('RolloutTokenVersion'))?.[1].Properties ??
    expect.fail(`no ${type}`);
  const alarm = stack.resolve(inRollout('AWS::CloudWatch::Alarm')) as VersionAlarm;
  const filter = stack.resolve(inRollout('AWS::Logs::MetricFilter')) as { readonly FilterPattern: string };
  const matches = parseFilterPattern(
    filter.FilterPattern.replace('function_version = "1"', `function_version = "${version}"`),
  );
  const lines = stack.logs.flatMap(({ line }) => (line.startsWith('{') ? [JSON.parse(line) as unknown] : []));
  const sum = ({ Namespace, MetricName, Dimensions = [] }: VersionMetric): number => {
    if (Namespace === 'Cambio/Rollout') return lines.filter(matches).length;
    const wanted = Dimensions.map(({ Name, Value }) => [Name, Name === 'ExecutedVersion' ? version : Value]);
    const fitting = stack
      .metrics()
      .filter(
        ({ namespace, name, dimensions }) =>
          namespace === Namespace && name === MetricName && isDeepStrictEqual(dimensions, Object.fromEntries(wanted)),
      );
    return fitting.reduce((total, { value }) => total + value, 0);
  };
  const values = Object.fromEntries(
    alarm.Metrics.flatMap(({ Id, MetricStat }) => (MetricStat ? [[Id, sum(MetricStat.Metric)]] : [])),
  );
  expect(alarm.Metrics[0]?.Expression).toBe('100 * SUM([crashed, failed]) / requests');
  const { crashed = 0, failed = 0, requests = 0 } = values as Readonly<Record<string, number>>;
  return (100 * (crashed + failed)) / requests;
}

interface VersionMetric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
}

interface VersionAlarm {
  readonly Metrics: readonly {
    readonly Id: string;
    readonly Expression?: string;
    readonly MetricStat?: { readonly Metric: VersionMetric };
  }[];
}

test('of a new version that answers 5xx or crashes the alarm of its own rings, and that of the old one does not', async () => {
  const { arn } = await tokenFunction();
  const exchanged = async () => {
    const subject_token = await stack.tokenFor('okta', { team: 'shop' });
    const body = new URLSearchParams({
      ...{ grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token },
      ...{ subject_token_type: types.jwt, audience: 'orders-api' },
    });
    return (await fetch(`${stack.url}/token`, { method: 'POST', body })).status;
  };
  // One that fails each request, and one that does not start.
  for (const environment of [{ RECORDS_TABLE: 'no-such-table' }, { ISSUER: '' }]) {
    const broken = stack.publish(arn, { environment });
    await shift(broken, 0.5);
    const statuses = new Set<number>();
    for (let tries = 0; tries < 40 && statuses.size < 2; tries += 1) statuses.add(await exchanged());
    expect([...statuses].sort()).toEqual([200, 503]);
    expect(seenOf(broken)).toBeGreaterThan(1);
    await shift(broken, undefined);
    expect([await exchanged(), seenOf('1')]).toEqual([200, 0]);
  }
});
