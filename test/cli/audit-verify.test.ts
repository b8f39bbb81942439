// `cambio audit verify`: what is found when the log and the records say different things.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cambioIn, inTheWorld } from './cambio.ts';
import { fakeServer, granting, type Reply } from './fake-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-audit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const id = '00000000-0000-4000-8000-000000000001';
const expires_at = Math.floor(Date.now() / 1_000) + 3_600;
const issued = { jti: id, sub: 'github|x', client_id: 'github', audience: 'orders-api', exp: expires_at };
const granted = { decision_id: id, at: 1, outcome: 'granted', rule: 'main', policy: 'hash', issued, expires_at };
const refused = {
  ...{
    decision_id: id,
    at: 1,
    outcome: 'refused',
    error: 'invalid_target',
    reason: 'no_rule',
    policy: 'hash',
    expires_at,
  },
  subject: { issuer: 'github', sub: 'x', claims: {} },
};

async function verify(lines: readonly unknown[], stored: Reply) {
  const file = join(folder, 'audit.jsonl');
  writeFileSync(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  const server = await fakeServer({ ...granting, [`/admin/decisions/${id}`]: stored });
  const ran = await cambioIn(inTheWorld({ CAMBIO_URL: server.url }), 'audit', 'verify', file);
  const asked = server.received.length;
  await server.close();
  return { ...ran, asked };
}

test.each<[string, object]>([
  ['a grant', granted],
  ['a refusal', refused],
])('%s that both hold alike agrees, whatever was written a second later', async (_what, event) => {
  const log = { level: 'INFO', message: 'token_exchange', event: { ...event, source_ip: '192.0.2.1' } };
  const { exit, stdout } = await verify([log], { body: { ...event, at: 2 } });
  expect([exit, stdout]).toEqual([0, '1 decisions: 1 agree, 0 do not; 0 need not be kept\n']);
});

test.each<[string, object]>([
  ['outcome', { ...refused, outcome: 'granted' }],
  ['reason', { ...refused, reason: 'denied' }],
  ['rule', { ...granted, rule: 'another' }],
  ['policy', { ...granted, policy: 'another' }],
  ['audience', { ...granted, issued: { ...issued, audience: 'payments-api' } }],
  ['token', { ...granted, issued: undefined }],
])('a record of another %s differs', async (_what, stored) => {
  const event = 'issued' in stored ? granted : refused;
  const { exit, stdout } = await verify([{ event }], { body: stored });
  expect(exit).toBe(1);
  expect(stdout).toContain(`differs: ${id}\n`);
  expect((await verify([{ event }], { body: event })).exit).toBe(0);
});

test('a decision that is not there is missing, and a store that does not answer is neither', async () => {
  const gone = await verify([{ event: granted }], { status: 404, body: { error: 'invalid_request' } });
  expect([gone.exit, gone.stdout]).toEqual([1, `missing: ${id}\n1 decisions: 0 agree, 1 do not; 0 need not be kept\n`]);
  const down = await verify([{ event: granted }], { status: 503, body: { error: 'temporarily_unavailable' } });
  expect([down.exit, down.stdout]).toEqual([3, '']);
});

test('identical requests share a record: that of the one that was answered', async () => {
  const failed = { ...refused, error: 'temporarily_unavailable', reason: 'unavailable' };
  expect((await verify([{ event: failed }, { event: granted }], { body: granted })).exit).toBe(0);
  expect((await verify([{ event: failed }], { body: granted })).exit).toBe(1);
});

test('what need not be kept is counted, and not asked for', async () => {
  const { subject: _, ...unverified } = refused;
  const old = { ...granted, decision_id: id.replace(/1$/, '2'), expires_at: 1 };
  const { exit, stdout, asked } = await verify([{ event: unverified }, { event: old }, 'START RequestId'], {
    status: 404,
    body: {},
  });
  expect([exit, stdout, asked]).toEqual([0, '0 decisions: 0 agree, 0 do not; 2 need not be kept\n', 0]);
});

test('says that it cannot see a line that was taken out of the log', async () => {
  const other = { ...granted, decision_id: id.replace(/1$/, '2') };
  const whole = await verify([{ event: granted }, { event: other }], { body: granted });
  expect([whole.exit, whole.stdout]).toEqual([1, expect.stringContaining(`missing: ${other.decision_id}\n`)]);
  const shortened = await verify([{ event: granted }], { body: granted });
  expect([shortened.exit, shortened.stdout]).toEqual([0, '1 decisions: 1 agree, 0 do not; 0 need not be kept\n']);
  for (const { stderr } of [whole, shortened]) {
    expect(stderr).toBe(
      'cambio: each line of the file is compared; a line that was taken out of it cannot be seen this way\n',
    );
  }
});

test('a file without decisions is a mistake', async () => {
  const { exit, stderr } = await verify(['{}', 'START RequestId'], { body: {} });
  expect(exit).toBe(2);
  expect(stderr).toContain('no line is a decision');
});
