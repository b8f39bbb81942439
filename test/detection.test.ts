// The queries of docs/detection.md over what the functions log: each finds what it is for, and nothing of whoever does the same rightly.
// The queries of the runbooks are run over a stack's log (test/stack/failures/).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { beforeAll, describe, expect, test } from 'vitest';
import { tokenEndpoint } from '../shared/http/endpoints/token.ts';
import { createLog } from '../shared/http/log.ts';
import { Refused } from '../shared/oauth/denial.ts';
import type { CompiledPolicy } from '../shared/policy/compiled-policy.ts';
import { insights, type Row } from './insights.ts';
import { formBody, github, makeWorld, now, policy, subjectToken } from './world.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/detection.md'), 'utf8');
const [, inLog = ''] = /## Queries of the log\n([\s\S]*?)\n## /.exec(page) ?? [];
/** By the bold words before them. */
const queries = new Map(
  inLog.split(/^\*\*/m).flatMap((part) => {
    const [, title, query] = /^([^*]+?)\.?\*\*[\s\S]*?```\n([\s\S]*?)```/.exec(part) ?? [];
    return title === undefined || query === undefined ? [] : [[title, query] as const];
  }),
);

const lines: string[] = [];
const attacker = '198.51.100.9';
const sha256 = createHash('sha256').update('right').digest('hex');
/** More rules than Logs Insights finds fields for in one line, where a refusal tells of them. */
const many = Array.from({ length: 60 }, (_, index) => ({ ...policy.rules[0], id: `rule-${index}` }));
const served = {
  ...policy,
  issuers: { github: { ...github, singleUse: true as const } },
  clients: { api: { name: 'api', auth: { method: 'client_secret', sha256 }, introspects: [] } },
  rules: [...many, ...policy.rules],
} as unknown as CompiledPolicy;

let isOver = false;
const world = makeWorld(
  {
    countRequest: async ({ caller }) => {
      const over = { by: 'client', count: 100, seconds: 60, retryAfter: 7 } as const;
      if (isOver && caller) throw new Refused({ kind: 'throttled', over });
    },
  },
  served,
);
const write = createLog({
  name: 'token',
  clock: () => now * 1_000,
  traceHeader: () => undefined,
  namespace: 'Cambio/Test',
  print: (line) => void lines.push(line),
});
const handler = tokenEndpoint(world.cambio, { write, newId: () => crypto.randomUUID(), clock: Date.now });

async function ask(sourceIp: string, changes: Record<string, string | undefined> = {}, secret?: string) {
  const fresh = { subject_token: subjectToken({ jti: crypto.randomUUID() }) };
  const basic = secret && `Basic ${Buffer.from(`api:${secret}`).toString('base64')}`;
  const event = {
    body: formBody({ ...fresh, ...changes }),
    multiValueHeaders: {
      'Content-Type': ['application/x-www-form-urlencoded'],
      ...(basic && { Authorization: [basic] }),
    },
    isBase64Encoded: false,
    requestContext: { requestId: crypto.randomUUID(), identity: { sourceIp } },
    queryStringParameters: null,
  };
  const answer = await handler(event as unknown as APIGatewayProxyEvent as never, {} as Context);
  return answer.statusCode;
}

/** A job of the repository: its own address, its own subject. */
const job = (name: string, claims: Record<string, unknown> = {}) => ({
  subject_token: subjectToken({ sub: `repo:acme/${name}`, jti: crypto.randomUUID(), ...claims }),
});
const forged = () => ({ subject_token: `${subjectToken().slice(0, -8)}AAAAAAAA` });

async function times(count: number, one: () => Promise<number>): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let index = 0; index < count; index += 1) statuses.push(await one());
  return statuses;
}

beforeAll(async () => {
  expect(await ask('192.0.2.1')).toBe(200);
  expect(await ask('192.0.2.1', {}, 'right')).toBe(200);
  // Somebody forges; somebody else has one token that came broken.
  await times(20, () => ask(attacker, forged()));
  expect(await ask(attacker, { subject_token: 'garbage' })).toBe(400);
  expect(await ask('192.0.2.2', forged())).toBe(400);
  // A copy of a token, from elsewhere; and a token with a key, without it.
  const used = job('copied');
  expect([await ask('192.0.2.3', used), await ask(attacker, { ...used, scope: 'orders:read' })]).toEqual([200, 400]);
  expect(await ask(attacker, job('bound', { cnf: { jkt: 'x'.repeat(43) } }))).toBe(400);
  // Guesses of a secret, and one mistake.
  await times(11, () => ask(attacker, {}, 'wrong'));
  expect(await ask('192.0.2.4', {}, 'wrong')).toBe(401);
  // One who tries every door, and one whose rule is missing.
  for (const audience of ['orders-api', 'payments-api', 'plain', 'admin-api', 'other-api']) {
    expect(await ask(attacker, { ...job('curious', { ref: 'refs/heads/x' }), audience })).toBe(400);
  }
  expect(await times(3, () => ask('192.0.2.5', { ...job('new', { ref: 'refs/heads/y' }) }))).toEqual([400, 400, 400]);
  isOver = true;
  expect(await times(2, () => ask('192.0.2.6', {}, 'right'))).toEqual([429, 429]);
  isOver = false;
});

const found = (title: string): readonly Row[] =>
  insights(queries.get(title) ?? expect.fail(`no query ${title}`), lines);

describe('a query of the log finds', () => {
  test('failed verifications by issuer and source, and not the one that came broken', () => {
    expect(found('Failed verifications by issuer and source')).toEqual([]);
    // Of one source, whatever it claims to be of.
    lines.push(...lines.filter((line) => line.includes(attacker) && line.includes('"reason":"signature"')).slice(0, 1));
    expect(found('Failed verifications by issuer and source')).toEqual([
      { 'event.subject.issuer': 'github', 'event.source_ip': attacker, failures: 21, reasons: 1 },
    ]);
  });

  test('tokens that were copied, used or bound, and not those that were used once', () => {
    const rows = found('Tokens that were used before, or came without their key');
    expect(rows.map((row) => [row['event.reason'], row['event.subject.sub'], row['uses']])).toEqual([
      ['replayed', 'repo:acme/copied', 1],
      ['binding', 'repo:acme/bound', 1],
    ]);
  });

  test('who guesses secrets, and not who mistook one', () => {
    expect(found('Guessed clients')).toEqual([{ 'event.source_ip': attacker, failures: 11 }]);
  });

  test('who is over a quota, and whose it is', () => {
    expect(found('Who is over a quota')).toMatchObject([
      { 'event.request.client': 'api', 'event.detail': 'over the quota of the client: 100 in 60 s', refused: 2 },
    ]);
  });

  test('who tries every target, however long the trace, and not whose rule is missing', () => {
    expect(found('Who looks for a way in')).toEqual([
      { 'event.subject.issuer': 'github', 'event.subject.sub': 'repo:acme/curious', refused: 5, targets: 5 },
    ]);
  });

  test('something in each of the page’s queries, and nothing of a misspelt one', () => {
    expect([...queries.keys()]).toHaveLength(5);
    expect(() => insights('filter event.raeson = "quota"', lines)).toThrow('no line has the field event.raeson');
    expect(() => insights('stats count(*) by event.reason | sort by count desc', lines)).toThrow('the field by');
    expect(() => insights('stats count(*) by event.reason | sort count desc', lines)).toThrow('the field count');
    expect(insights('filter event.reason = "quota"', lines)).toHaveLength(2);
  });
});
