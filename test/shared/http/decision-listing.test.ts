import { describe, expect, test } from 'vitest';
import { createEntersList } from '../../../shared/http/decision-listing.ts';
import { type DecisionInput, decisionRecord } from '../../../shared/oauth/decision/decision-record.ts';
import { now } from '../../world.ts';

const request = { audiences: ['orders-api'], resources: [], scope: undefined };
const recordOf = (changes: Partial<DecisionInput> = {}) =>
  decisionRecord({
    ...{ decisionId: 'd-1', attempt: 'a-1', at: now, retention: 86_400, policyHash: 'h' },
    ending: { outcome: 'refused', error: 'invalid_target', reason: 'no_rule' },
    ...changes,
  });
const granted = recordOf({ ending: { outcome: 'granted' } });
const refused = (issuer?: string, client?: string) =>
  recordOf({ ...(issuer !== undefined && { subject: { issuer } }), request: { ...request, client } });

describe('the list of decisions', () => {
  test('holds all, refusals alone, or none', () => {
    const entered = (['all', 'refusals', 'none'] as const).map((index) => {
      const entersList = createEntersList(index, () => 0);
      return [entersList(granted), entersList(refused('github'))];
    });
    expect(entered).toEqual([
      [true, true],
      [false, true],
      [false, false],
    ]);
  });

  test('takes refusals of callers who are no client within a budget of their issuer, and all of a client', () => {
    let time = 0;
    const entersList = createEntersList('all', () => time);
    const taken = (...of: Parameters<typeof refused>) =>
      Array.from({ length: 80 }, () => entersList(refused(...of))).filter(Boolean).length;
    expect(taken('github')).toBe(50);
    expect(taken('gitlab')).toBe(50);
    expect(taken()).toBe(50);
    expect(taken('github', 'orders')).toBe(80);
    time = 1_000;
    expect(taken('github')).toBe(2);
  });
});
