// The queries of the trail, of docs/audit-queries.md and docs/detection.md, in an engine over objects as the functions write them. DuckDB
// stands for Athena, which has no emulator: it reads the columns as the page declares them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DecisionNature } from '../shared/audit/decision-event.ts';
import { type TrailFact, trailEvent } from '../shared/audit/trail-event.ts';
import { dayOf, trailObject } from '../shared/audit/trail-object.ts';
import { type DecisionInput, decisionRecord, type Ending } from '../shared/oauth/decision/decision-record.ts';
import { installed, sayNotInstalled } from './installed.ts';

const what = 'the queries of the audit trail in DuckDB';
const hasDuckDb = installed('python3', what) && canImport();

function canImport(): boolean {
  const isThere = spawnSync('python3', ['-c', 'import duckdb']).status === 0;
  if (!isThere) sayNotInstalled('duckdb (pip install duckdb)', what);
  return isThere;
}

const text = (page: string): string => readFileSync(join(import.meta.dirname, '../docs', page), 'utf8');
/** Under the bold words before them. */
function queriesOf(page: string): readonly (readonly [string, string])[] {
  let title: string | undefined;
  return [...text(page).matchAll(/^\*\*([^*]+?)\.?\*\*|^```sql\n([\s\S]*?);?\n```/gm)].flatMap(([, bold, query]) => {
    title = bold ?? title;
    return query === undefined || title === undefined ? [] : [[title, query] as const];
  });
}
const queries = new Map([...queriesOf('audit-queries.md'), ...queriesOf('detection.md')]);

const [, declared = '', view = ''] =
  /CREATE EXTERNAL TABLE cambio_audit \(\n([\s\S]*?)\n\)\nPARTITIONED[\s\S]*?(CREATE VIEW [\s\S]*?);\n```/.exec(
    text('audit-queries.md'),
  ) ?? [];

/** Splits at the commas that stand in no type. */
function members(list: string): readonly string[] {
  let depth = 0;
  const marked = [...list].map((letter) => {
    depth += letter === '<' ? 1 : letter === '>' ? -1 : 0;
    return letter === ',' && depth === 0 ? '\n' : letter;
  });
  return marked.join('').split('\n');
}

/** A type of Hive as DuckDB writes it. */
function typed(type: string): string {
  const [, kind, inner = ''] = /^(array|struct)<(.*)>$/.exec(type) ?? [];
  if (kind === 'array') return `${typed(inner)}[]`;
  if (kind === undefined) return type === 'string' ? 'varchar' : type;
  const ofStruct = members(inner).map((member) => {
    const [name = ''] = member.split(':', 1);
    return `"${name}" ${typed(member.slice(name.length + 1))}`;
  });
  return `struct(${ofStruct.join(', ')})`;
}

function columnsOf(list: string): readonly (readonly [string, string])[] {
  return members(list.replaceAll('`', '').replaceAll(/,\s+/g, ',').trim()).map((column) => {
    const [, name = '', type = ''] = /^(\w+) (\S+)$/.exec(column) ?? [];
    return [name, typed(type)] as const;
  });
}

const noonOf = (day: string): number => Date.parse(`${day}T12:00:00Z`) / 1_000;
const today = '2026-11-27';
const daysBefore = (days: number): string => dayOf((noonOf(today) - days * 86_400) * 1_000);
const facts: (readonly [day: string, TrailFact])[] = [];

interface Asked {
  readonly sub: string;
  readonly day?: string;
  readonly audience?: string;
  readonly ending?: Ending;
  readonly policyHash?: string;
  readonly decisionId?: string;
  readonly nature?: DecisionNature;
}

let ids = 0;
function decided({ sub, day = today, audience = 'orders-api', nature = 'decided', ...rest }: Asked): void {
  ids += 1;
  const issued = { exp: noonOf(day) + 300, sub: `github|${sub}`, clientId: 'github', audience, scope: 'orders:read' };
  const input: DecisionInput = {
    ...{ decisionId: `decision-${ids}`, attempt: 'a', at: noonOf(day), retention: 86_400, policyHash: 'policy-1' },
    ...{ rule: 'main', ending: { outcome: 'granted', issued } },
    request: { audiences: [audience], resources: [], scope: undefined, client: 'api' },
    subject: { verified: { issuer: { name: 'github', claims: { sub: 'string' } }, claims: { sub } } },
    ...rest,
  };
  facts.push([day, { kind: 'decision', record: decisionRecord(input), nature }]);
}

const refused = (reason: 'quota' | 'no_rule', detail?: string): Ending => ({
  ...{ outcome: 'refused', error: reason === 'quota' ? 'slow_down' : 'invalid_target', reason },
  ...(detail !== undefined && { detail }),
});
const times = (count: number, asked: Asked): void => {
  for (let one = 0; one < count; one += 1) decided(asked);
};

const change = (type: string, name: string): TrailFact => ({
  ...{ kind: 'change', activity: 'create', type, name, at: noonOf(today), data: {} },
  ...{ principal: 'arn:aws:iam::111122223333:user/ops', ...(type === 'suspension' && { reason: 'attacked' }) },
});

function plant(): void {
  // As ever; one who is busy, and one who is three times busier than ever.
  for (const days of [14, 10, 7, 3, 1]) {
    times(2, { sub: 'repo:acme/quiet', day: daysBefore(days) });
    times(20, { sub: 'repo:acme/busy', day: daysBefore(days) });
    times(17, { sub: 'repo:acme/mad', day: daysBefore(days) });
  }
  times(2, { sub: 'repo:acme/quiet' });
  times(59, { sub: 'repo:acme/busy' });
  times(52, { sub: 'repo:acme/mad' });
  // New by name, or by what it got; and one that was refused only.
  times(3, { sub: 'repo:acme/new' });
  decided({ sub: 'repo:acme/quiet', audience: 'payments-api' });
  decided({ sub: 'repo:acme/nothing', ending: refused('no_rule') });
  // What was granted and came to nothing is a refusal.
  decided({ sub: 'repo:acme/ghost', decisionId: 'ghost' });
  decided({ sub: 'repo:acme/ghost', decisionId: 'ghost', ending: refused('no_rule'), nature: 'corrected' });
  times(2, { sub: 'repo:acme/busy', ending: refused('quota', 'over the quota of the client: 100 in 60 s') });
  decided({ sub: 'repo:acme/quiet', policyHash: 'policy-2' });
  facts.push([today, change('suspension', 'issuer#github')], [today, change('tenant', 'supplier#abc')]);
  const quotas = '{"clients":{"api":{"count":100,"seconds":60,"burst":20}},"issuers":{}}';
  const deployed = { ...change('policy', ''), activity: 'update', data: { hash: 'policy-2', quotas } } as TrailFact;
  facts.push([today, deployed]);
  facts.push([today, { kind: 'finding', finding: 'deleted', item: 'used#abc' }]);
}

/** What a query answers, each value as JSON has it. */
const answers = new Map<string, readonly unknown[][]>();
const program = `
import duckdb, json, sys
job = json.load(sys.stdin)
db = duckdb.connect()
for statement in job['setup']: db.execute(statement)
print(json.dumps({ title: [[str(value) if value is not None and not isinstance(value, (int, str)) else value for value in row]
  for row in db.execute(query).fetchall()] for title, query in job['queries'].items() }))
`;

const folder = mkdtempSync(join(tmpdir(), 'cambio-queries-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  if (!hasDuckDb) return;
  plant();
  for (const day of new Set(facts.map(([each]) => each))) {
    const ofDay = facts.filter(([each]) => each === day);
    const entries = ofDay.map(([, fact], place) => {
      const seen = { uid: `e-${day}-${place}`, loggedAt: noonOf(day) * 1_000 + place, sequence: String(place + 1) };
      return { sequence: seen.sequence, event: trailEvent(fact, 'https://issuer.example', seen) };
    });
    const { name, bytes } = trailObject({ chain: `${day}/shardId-1`, index: 1 }, entries);
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  const columns = columnsOf(declared).map(([name, type]) => `'${name}': '${type.replaceAll("'", "''")}'`);
  const objects = `${folder}/events/*/*/*.jsonl.gz`;
  const setup = [
    'CREATE MACRO from_unixtime(seconds) AS make_timestamp(CAST(seconds * 1000000 AS BIGINT))',
    `CREATE VIEW cambio_audit AS SELECT *, regexp_extract(filename, 'events/([^/]+)/', 1) AS day
     FROM read_json('${objects}', format = 'newline_delimited', columns = {${columns.join(', ')}}, filename = true)`,
    view,
  ];
  const job = JSON.stringify({ setup, queries: Object.fromEntries(queries) });
  const { stdout, stderr } = spawnSync('python3', ['-c', program], { input: job, encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  for (const [title, rows] of Object.entries(JSON.parse(stdout) as Record<string, unknown[][]>))
    answers.set(title, rows);
});

describe.skipIf(!hasDuckDb)('a query of the trail finds', () => {
  const found = (title: string) => answers.get(title) ?? expect.fail(`no query ${title}`);

  test('who is new, or has something new, and not who was refused or came to nothing', () => {
    expect(found('A subject that is new').map((row) => row.slice(0, 3))).toEqual(
      expect.arrayContaining([
        ['github|repo:acme/new', 'orders-api', 3],
        ['github|repo:acme/quiet', 'payments-api', 1],
      ]),
    );
    expect(found('A subject that is new')).toHaveLength(2);
  });

  test('who asks more than ever, and not who is busy every day', () => {
    expect(found('More than ever')).toEqual([['github|repo:acme/mad', 52, 17]]);
  });

  test('who was over a quota, and what changed policy and tenants', () => {
    expect(found('Who was over a quota')).toEqual([
      [today, 'api', 'github', 'over the quota of the client: 100 in 60 s', 2],
    ]);
    expect(found('When did the policy change').map((row) => row.slice(1))).toEqual([
      ['Update', 'policy-2', '{"clients":{"api":{"count":100,"seconds":60,"burst":20}},"issuers":{}}'],
    ]);
    expect(found('Under which policy was decided').map(([policy]) => policy)).toEqual(['policy-1', 'policy-2']);
    expect(found('Which tenants were put or taken away at run time').map((row) => row.slice(1, 5))).toEqual([
      ['arn:aws:iam::111122223333:user/ops', 'Create', 'tenant', 'supplier#abc'],
    ]);
  });

  test('what auditors ask for, each decision by its last word', () => {
    expect(found('Why are requests refused?')).toEqual(
      expect.arrayContaining([
        ['orders-api', 'quota', 2],
        ['orders-api', 'no_rule', 2],
      ]),
    );
    expect(found('Who got what, on one day')).toHaveLength(2 + 59 + 52 + 3 + 1 + 1);
    expect(found('What did administrators change?')).toHaveLength(3);
    expect(found('What should never be there?').map((row) => row.slice(2))).toEqual([['used#abc', null]]);
    expect(found('What is this token?')).toEqual([]);
    expect(queries.size).toBe(answers.size);
  });
});
