// `cambio audit verify --trail`: a folder with a copy of the trail, alone and with the functions' log.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createAppend } from '../../shared/audit/append.ts';
import { signHead } from '../../shared/audit/sign-head.ts';
import { type TrailFact, trailEvent } from '../../shared/audit/trail-event.ts';
import { decisionDocument } from '../../shared/http/decision-document.ts';
import { type DecisionRecord, decisionRecord, type Ending } from '../../shared/oauth/decision/decision-record.ts';
import { memoryTrail, newKey, noon, signerOf } from '../shared/audit/trail-world.ts';
import { cambioIn } from './cambio.ts';

const root = mkdtempSync(join(tmpdir(), 'cambio-trail-'));
afterAll(() => rmSync(root, { recursive: true }));

const idOf = (number: number) => `00000000-0000-4000-8000-00000000000${number}`;
const issued = { exp: noon + 300, sub: 'okta|u', clientId: 'c', audience: 'orders-api', scope: undefined };
const granted: Ending = { outcome: 'granted', issued };
const refused: Ending = { outcome: 'refused', error: 'invalid_target', reason: 'no_rule' };
const issuer = { name: 'okta', claims: { sub: 'string' } } as const;
const recordOf = (number: number, ending: Ending, at = noon): DecisionRecord =>
  decisionRecord({
    ...{ decisionId: idOf(number), attempt: 'a', at, retention: 86_400, policyHash: 'h', ending, rule: 'r' },
    subject: { verified: { issuer, claims: { sub: 'u' } } },
  });
const records = [1, 2, 3].map((number) => recordOf(number, number === 2 ? refused : granted, noon + number));

/** A trail of these decisions, signed ten minutes later, in a folder. */
async function trailOf(decisions: readonly DecisionRecord[], more: readonly TrailFact[] = []) {
  const { objects, store } = memoryTrail();
  const { privateKey, publicKey } = newKey();
  const facts = [...decisions.map((record) => ({ kind: 'decision', record, nature: 'decided' }) as const), ...more];
  const entries = facts.map((fact, place) => {
    const seen = { uid: `e-${place}`, loggedAt: noon * 1_000, sequence: String(place + 1) };
    return { sequence: seen.sequence, event: trailEvent(fact, 'https://issuer.example', seen) };
  });
  await createAppend(store)('2026-11-26', 'shardId-1', entries);
  await signHead(signerOf(store, noon + 600, privateKey, publicKey));
  const folder = mkdtempSync(join(root, 'trail-'));
  for (const [name, bytes] of objects) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  const pem = join(root, 'key.pem');
  writeFileSync(pem, publicKey.export({ type: 'spki', format: 'pem' }));
  return { folder, pem };
}

function logOf(decisions: readonly DecisionRecord[]): string {
  const file = join(root, 'log.jsonl');
  const lines = decisions.map((record) =>
    JSON.stringify({ message: 'token_exchange', event: decisionDocument(record) }),
  );
  writeFileSync(file, lines.join('\n'));
  return file;
}

const verify = (...words: string[]) => cambioIn({ clock: () => (noon + 700) * 1_000 }, 'audit', 'verify', ...words);

describe('a trail in a folder', () => {
  test('that is whole is complete, and says whose word that is', async () => {
    const { folder, pem } = await trailOf(records);
    const { exit, stdout, stderr } = await verify('--trail', folder);
    expect([exit, stdout]).toEqual([
      0,
      'trail: complete: 1 heads, 1 objects, 3 events, signed until 2026-11-26T12:10:00.000Z; 0 events behind the last head\n',
    ]);
    expect(stderr).toMatch(/^cambio: signed by audit\.[\w-]{43}: give --key/);
    expect(await verify('--trail', folder, '--key', pem)).toMatchObject({ exit: 0, stderr: '' });
    const other = join(root, 'other.pem');
    writeFileSync(other, newKey().publicKey.export({ type: 'spki', format: 'pem' }));
    const wrong = await verify('--trail', folder, '--key', other);
    expect([wrong.exit, wrong.stdout]).toEqual([1, expect.stringContaining('forged: it is signed by another key')]);
  });

  test('says how many of its events are findings, and is whole with them', async () => {
    const { folder } = await trailOf(records, [{ kind: 'finding', finding: 'deleted', item: 'decision#1' }]);
    const { exit, stdout } = await verify('--trail', folder);
    expect([exit, stdout]).toEqual([
      0,
      expect.stringMatching(/^trail: complete: .*\ntrail: 1 of its events are findings/),
    ]);
    const without = await verify('--trail', (await trailOf(records)).folder);
    expect([without.exit, without.stdout]).toEqual([0, expect.not.stringContaining('findings')]);
  });

  test('that ends long before the time that is asked for is a finding', async () => {
    const { folder } = await trailOf(records);
    const { exit, stdout } = await verify('--trail', folder, '--until', String(noon + 86_400));
    expect([exit, stdout]).toEqual([1, expect.stringMatching(/^heads\/: the last is of 2026-11-26T12:10:00Z/)]);
  });

  test.each<[string, string[], string]>([
    ['no log and no trail', [], 'name a log, or the trail with --trail'],
    ['a folder that is not there', ['--trail', join(root, 'none')], 'cannot be read (ENOENT)'],
    ['a bucket without a name', ['--trail', 's3://'], '--trail is a folder, or s3://BUCKET'],
    ['a key that is none', ['--trail', root, '--key', import.meta.filename], 'neither a key id'],
    ['a time that is none', ['--trail', root, '--since', 'noon'], '--since is seconds since the epoch'],
  ])('cannot be verified with %s', async (_what, words, problem) => {
    const { exit, stderr } = await verify(...words);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(problem)]);
  });
});

describe('a log and a trail', () => {
  test('that have the same decisions agree', async () => {
    const { folder } = await trailOf(records);
    const { exit, stdout } = await verify(logOf(records), '--trail', folder);
    expect([exit, stdout]).toEqual([0, expect.stringContaining('log: 3 decisions, 0 findings\n')]);
  });

  test.each<[string, readonly DecisionRecord[], readonly DecisionRecord[], string]>([
    ['a grant that is not in the trail', records.slice(0, 2), records, `missing in the trail: ${idOf(3)}\n`],
    [
      'a line that was taken out of the log',
      records,
      [records[0], records[2]] as DecisionRecord[],
      `missing in the log: ${idOf(2)}\n`,
    ],
    [
      'a line that was changed',
      records,
      [...records.slice(0, 2), recordOf(3, refused, noon + 3)],
      `differs from its line in the log: ${idOf(3)}\n`,
    ],
    [
      'a line that makes a grant the refusal of nobody in particular',
      records,
      [...records.slice(0, 2), { ...recordOf(3, refused, noon + 3), subject: undefined }],
      `differs from its line in the log: ${idOf(3)}\n`,
    ],
    [
      'a line that gives a grant to somebody else',
      records,
      [
        ...records.slice(0, 2),
        recordOf(3, { outcome: 'granted', issued: { ...issued, sub: 'github|other' } }, noon + 3),
      ],
      `differs from its line in the log: ${idOf(3)}\n`,
    ],
  ])('%s is a finding', async (_what, inTrail, inLog, finding) => {
    const { folder } = await trailOf(inTrail);
    const { exit, stdout } = await verify(logOf(inLog), '--trail', folder);
    expect([exit, stdout]).toEqual([1, expect.stringContaining(finding)]);
    expect((await verify('--trail', folder)).exit).toBe(0);
  });

  test('a line that is younger than a signed event can be is counted and no finding', async () => {
    const { folder } = await trailOf(records);
    const young = recordOf(4, granted, noon + 400);
    const { exit, stdout } = await verify(logOf([...records, young]), '--trail', folder);
    expect([exit, stdout]).toEqual([0, expect.stringContaining('log: 4 decisions, 0 findings; 1 too young')]);
  });
});
