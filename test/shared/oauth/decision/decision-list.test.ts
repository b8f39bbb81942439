import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DecisionsQuery,
  type FindListed,
  type ListedDecision,
  latestDecisions,
  minuteOf,
  shards,
} from '../../../../shared/oauth/decision/decision-list.ts';

const now = 1_800_000_000;

/** A list as the store has it: each part newest first, cut as a query is, at an arbitrary place among those of one second. */
function listOf(decisions: readonly ListedDecision[]): FindListed {
  return async ({ outcome, minute, shard }, { since, until, most, matches }) => {
    const part = decisions
      .filter(
        (one) => one.outcome === outcome && minuteOf(one.at) === minute && Number(one.decisionId) % shards === shard,
      )
      .filter(({ at }) => at >= since && at <= until)
      .filter(matches)
      .sort((a, b) => b.at - a.at);
    const last = part[most - 1];
    return last ? part.filter(({ at }) => at >= last.at) : part;
  };
}

const reading = (find: FindListed) => ({ find, now, clock: () => 0, time: 1_000 });
const query = (changes: Partial<DecisionsQuery> = {}): DecisionsQuery => ({
  since: now - 300,
  until: now,
  outcomes: ['granted', 'refused'],
  limit: 3,
  ...changes,
});

async function everyPage(asked: DecisionsQuery, find: FindListed): Promise<readonly (readonly string[])[]> {
  const { decisions, next } = await latestDecisions(asked, reading(find));
  const page = decisions.map(({ decisionId }) => decisionId);
  return next ? [page, ...(await everyPage({ ...asked, after: next }, find))] : [page];
}

const decision = fc.record({
  at: fc.integer({ min: now - 200, max: now + 5 }),
  expiresAt: fc.constantFrom(now, now + 1),
  outcome: fc.constantFrom('granted' as const, 'refused' as const),
  reason: fc.constantFrom('replayed' as const, 'no_rule' as const),
});

describe('the latest decisions', () => {
  test('page by page are those of the time that have not expired, newest first, none twice and none left out', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(decision, { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        fc.option(fc.constantFrom('replayed' as const, 'no_rule' as const), { nil: undefined }),
        fc.constantFrom(['granted', 'refused'] as const, ['refused'] as const),
        async (facts, limit, reason, outcomes) => {
          const all = facts.map(
            (fact, index): ListedDecision => ({ ...fact, decisionId: String(index).padStart(3, '0') }),
          );
          const wanted = all
            .filter(({ at, expiresAt }) => at >= now - 100 && at <= now && expiresAt > now)
            .filter((one) => outcomes.some((name) => name === one.outcome))
            .filter((one) => reason === undefined || one.reason === reason)
            .sort((a, b) => b.at - a.at || (a.decisionId > b.decisionId ? -1 : 1));
          const pages = await everyPage(query({ since: now - 100, limit, reason, outcomes }), listOf(all));
          expect(pages.flat()).toEqual(wanted.map(({ decisionId }) => decisionId));
          expect(pages.length).toBe(Math.max(1, Math.ceil(wanted.length / limit)));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of a long quiet time are found in several pages, each within its time', async () => {
    const old: ListedDecision = { decisionId: '000', at: now - 290, expiresAt: now + 1, outcome: 'granted' };
    let time = 0;
    const find: FindListed = (part, asked) => {
      time += 1;
      return listOf([old])(part, asked);
    };
    const first = await latestDecisions(query(), { find, now, clock: () => time, time: 64 });
    expect(first).toEqual({ decisions: [], next: { at: (minuteOf(now) - 1) * 60 - 1 } });
    const second = await latestDecisions(query({ after: first.next }), { find, now, clock: () => 0, time: 64 });
    expect(second).toEqual({ decisions: [old], next: undefined });
  });

  test('that were read before the store failed are an answer, with where to go on; without any the failure is', async () => {
    const one = (decisionId: string, at: number): ListedDecision => ({
      decisionId,
      at,
      expiresAt: now + 1,
      outcome: 'granted',
    });
    const [late, early] = [one('001', now), one('000', now - 130)];
    const failure = new Error('down');
    let failing = minuteOf(early.at);
    const find: FindListed = (part, asked) =>
      part.minute === failing ? Promise.reject(failure) : listOf([late, early])(part, asked);
    const first = await latestDecisions(query(), reading(find));
    expect(first).toEqual({ decisions: [late], next: { at: failing * 60 + 59 } });
    await expect(latestDecisions(query({ after: first.next }), reading(find))).rejects.toBe(failure);
    failing = 0;
    expect(await latestDecisions(query({ after: first.next }), reading(find))).toEqual({
      decisions: [early],
      next: undefined,
    });
  });
});
