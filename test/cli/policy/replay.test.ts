import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decisionDocument } from '../../../shared/http/decision-document.ts';
import { type DecisionInput, decisionRecord } from '../../../shared/oauth/decision/decision-record.ts';
import { cambio } from '../cambio.ts';

let folder = '';
const now = 1_795_000_000;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-replay-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const policyOf = (rules: string) => `version: 1
issuers:
  okta: { url: https://acme.okta.example, audience: portal, claims: { email: string, groups: list, team: string } }
audiences: { orders-api: { scopes: [orders:read, orders:write] } }
rules:
${rules}`;
const staff =
  '  - { id: staff, from: okta, match: { groups: staff }, grant: { audience: orders-api, scopes: [orders:read] } }\n';

const okta = { name: 'okta', claims: { sub: 'string', email: 'string', groups: 'list', team: 'string' } } as const;
const claims = { sub: 'u1', email: 'ann@acme.example', groups: ['staff', 'all'], team: 'blue' };
const issued = { exp: now + 300, sub: 'okta|u1', clientId: 'okta', audience: 'orders-api', scope: 'orders:read' };

const granted: DecisionInput = {
  decisionId: 'd-1',
  attempt: 'a-1',
  at: now,
  retention: 86_400,
  policyHash: 'h',
  ending: { outcome: 'granted', issued },
  request: { audiences: ['orders-api'], resources: [], scope: undefined },
  subject: { verified: { issuer: okta, claims } },
  rule: 'staff',
};
const refused = (
  reason: 'no_rule' | 'expired' | 'denied' | 'tags',
  changes: Partial<DecisionInput> = {},
): DecisionInput => ({
  ...granted,
  ending: { outcome: 'refused', error: 'invalid_target', reason },
  rule: undefined,
  ...changes,
});
/** With `private` claims, and changed ones. */
const subject = (names: readonly string[], changes: object = {}) => ({
  subject: { verified: { issuer: { ...okta, private: names }, claims: { ...claims, ...changes } } },
});

async function replay(rules: string, ...decisions: readonly DecisionInput[]) {
  const policy = join(folder, 'policy.yaml');
  const audit = join(folder, 'audit.jsonl');
  writeFileSync(policy, policyOf(rules));
  writeFileSync(audit, decisions.map((each) => `${JSON.stringify(decisionDocument(decisionRecord(each)))}\n`).join(''));
  const { exit, stdout, stderr } = await cambio('policy', 'replay', audit, '--policy', policy);
  expect(stderr).toBe('');
  return { exit, lines: stdout.trim().split('\n') };
}

/** `same`, `granted to refused`, `refused to granted` or `undecided`. */
async function replayOne(rules: string, decision: DecisionInput): Promise<string> {
  const { lines } = await replay(rules, decision);
  return lines.length === 1 ? 'same' : (lines[0]?.split(':')[0] ?? '');
}

describe('cambio policy replay', () => {
  test('says what would flip, either way, and exits 1', async () => {
    const other = staff.replace('groups: staff', 'team: blue');
    const red = refused('no_rule', subject([], { groups: [], team: 'blue' }));
    const { exit, lines } = await replay(other.replace('id: staff', 'id: blue'), granted, {
      ...red,
      decisionId: 'd-2',
    });
    expect(exit).toBe(1);
    expect(lines).toEqual([
      'refused to granted: d-2 okta u1 -> orders-api (rule none before, blue now)',
      '2 decisions: 1 would flip, 1 stay, 0 undecided, 0 refused before policy',
    ]);
    const gone = await replay(staff.replace('groups: staff', 'team: red'), granted);
    expect(gone.lines[0]).toBe('granted to refused: d-1 okta u1 -> orders-api (rule staff before, none now)');
  });

  test('exits 0 when nothing flips', async () => {
    expect(await replay(staff, granted)).toEqual({
      exit: 0,
      lines: ['1 decisions: 0 would flip, 1 stay, 0 undecided, 0 refused before policy'],
    });
  });

  test('a deny rule, scopes, and a target that is gone count as well', async () => {
    const deny = '  - { id: no-blue, from: okta, match: { team: blue }, deny: true }\n';
    const write = { request: { audiences: ['orders-api'], resources: [], scope: ['orders:write'] } };
    const elsewhere = { request: { audiences: ['gone'], resources: [], scope: undefined } };
    expect(await replayOne(staff + deny, granted)).toBe('granted to refused');
    expect(await replayOne(staff + deny.replace('blue }', 'red }'), granted)).toBe('same');
    expect(await replayOne(staff, { ...granted, ...write })).toBe('granted to refused');
    expect(await replayOne(staff.replace('orders:read', 'orders:write'), { ...granted, ...write })).toBe('same');
    expect(await replayOne(staff, { ...granted, ...elsewhere })).toBe('granted to refused');
  });

  test('what was refused before policy stays refused, whatever the policy', async () => {
    const { exit, lines } = await replay(staff, refused('expired'));
    expect([exit, lines]).toEqual([0, ['1 decisions: 0 would flip, 0 stay, 0 undecided, 1 refused before policy']]);
    expect(await replayOne(staff, refused('no_rule'))).toBe('refused to granted');
  });

  test('a private claim decides where its wanted value is written out, and not behind a glob', async () => {
    const email = (wanted: string) => staff.replace('groups: staff', `email: "${wanted}"`);
    const hidden = { ...granted, ...subject(['email']) };
    expect(await replayOne(email('ann@acme.example'), hidden)).toBe('same');
    expect(await replayOne(email('bob@acme.example'), hidden)).toBe('granted to refused');
    expect(await replayOne(email('*@acme.example'), hidden)).toBe('undecided');
    expect(await replayOne(email('*@acme.example'), granted)).toBe('same');
    expect(await replayOne(staff, { ...granted, ...subject(['groups']) })).toBe('same');
    expect(await replayOne(staff.replace('staff }', 'guests }'), { ...granted, ...subject(['groups']) })).toBe(
      'granted to refused',
    );
  });

  test('an undecided deny leaves it open; a rule that is out anyway does not', async () => {
    const deny = (match: string) => `  - { id: no, from: okta, match: ${match}, deny: true }\n`;
    const hidden = { ...granted, ...subject(['email']) };
    expect(await replayOne(staff + deny('{ email: "x*" }'), hidden)).toBe('undecided');
    expect(await replayOne(staff + deny('{ email: "x*", team: red }'), hidden)).toBe('same');
  });

  test('a claim there was no room for leaves it open', async () => {
    const long = { ...granted, ...subject([], { team: 'b'.repeat(5_000) }) };
    expect(await replayOne(staff.replace('groups: staff', 'team: blue'), long)).toBe('undecided');
    expect(await replayOne(staff, long)).toBe('same');
  });

  test('an expression is open only if it may see what is hidden', async () => {
    const when = (text: string) => staff.replace('match:', `when: { it: '${text}' }, match:`);
    const hidden = { ...granted, ...subject(['email']) };
    expect(await replayOne(when('claims.email == "ann@acme.example"'), hidden)).toBe('undecided');
    expect(await replayOne(when('claims.exists(name, name == "em" + "ail")'), hidden)).toBe('undecided');
    expect(await replayOne(when('claims["em" + "ail"] == "x"'), hidden)).toBe('undecided');
    expect(await replayOne(when('claims["team"] == "blue"'), hidden)).toBe('same');
    expect(await replayOne(when('claims.team == "blue"'), hidden)).toBe('same');
    expect(await replayOne(when('claims.team == "red"'), hidden)).toBe('granted to refused');
  });

  test('reads log lines too, and passes over lines that are no decision', async () => {
    const event = decisionDocument(decisionRecord(granted));
    const audit = join(folder, 'log.jsonl');
    writeFileSync(audit, `START RequestId\n${JSON.stringify({ message: 'token_exchange', event })}\n`);
    writeFileSync(join(folder, 'policy.yaml'), policyOf(staff));
    const { exit, stdout } = await cambio('policy', 'replay', audit, '--policy', join(folder, 'policy.yaml'));
    expect([exit, stdout]).toEqual([0, expect.stringMatching(/1 stay, .* 1 lines are no decision\n$/)]);
  });

  test.each<[string, string[]]>([
    ['needs AUDIT.jsonl', ['--policy', 'infra/policy']],
    ['needs --policy', ['package.json']],
    ['no line is a decision', ['package.json', '--policy', 'infra/policy']],
  ])('answers wrong usage with exit 2: %s', async (problem, words) => {
    const { exit, stderr } = await cambio('policy', 'replay', ...words);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(problem)]);
  });
});

describe('cambio policy replay of roles', () => {
  const roles = 'roles: { deploy: { arn: "arn:aws:iam::111122223333:role/deploy" } }\n';
  const deploys = (tags: string) =>
    `  - { id: deploys, from: okta, match: { groups: staff }, grant: { role: deploy, tags: { team: "\${claims.${tags}}" } } }\n`;
  const request = { audiences: ['deploy'], resources: [], scope: undefined };
  const role: Partial<DecisionInput> = { request, rule: 'deploys' };

  test('decides them again, and says so where a record lacks what the session needs', async () => {
    const same = await replay(`${deploys('team')}${roles}`, { ...granted, ...role });
    expect([same.exit, same.lines.at(-1)]).toEqual([0, expect.stringContaining('1 stay')]);
    const flipped = await replay(`${staff}${roles}`, { ...granted, ...role });
    expect([flipped.exit, flipped.lines[0]]).toEqual([1, expect.stringContaining('granted to refused')]);
    const hidden = await replay(`${deploys('team')}${roles}`, { ...granted, ...role, ...subject(['team']) });
    expect(hidden.lines[0]).toContain('undecided');
    const tags = await replay(`${deploys('team')}${roles}`, refused('tags', role));
    expect([tags.exit, tags.lines[0]]).toEqual([1, expect.stringContaining('refused to granted')]);
  });
});
