// What the trail lacks of a day is delivered again, once.
import { describe, expect, test } from 'vitest';
import { createAppend } from '../../../shared/audit/append.ts';
import { sweep, yesterday } from '../../../shared/audit/sweep.ts';
import { trailEvent } from '../../../shared/audit/trail-event.ts';
import { readTrailObject } from '../../../shared/audit/trail-object.ts';
import { type DecisionRecord, decisionRecord, type Ending } from '../../../shared/oauth/decision/decision-record.ts';
import { memoryTrail, noon } from './trail-world.ts';

const issued = { exp: noon + 300, sub: 'okta|u', clientId: 'c', audience: 'orders-api', scope: undefined };
const granted: Ending = { outcome: 'granted', issued };
const refused: Ending = { outcome: 'refused', error: 'invalid_target', reason: 'no_rule' };
const recordOf = (decisionId: string, ending: Ending): DecisionRecord =>
  decisionRecord({ decisionId, attempt: 'a', at: noon, retention: 86_400, policyHash: 'h', ending });

async function swept(inTrail: readonly DecisionRecord[], listed: readonly DecisionRecord[], kept = listed) {
  const { objects, store } = memoryTrail();
  const issuer = 'https://issuer.example';
  const events = inTrail.map((record, place) => ({
    sequence: String(place + 1),
    event: trailEvent({ kind: 'decision', record, nature: 'decided' }, issuer, {
      uid: `e-${place}`,
      loggedAt: noon * 1_000,
    }),
  }));
  await createAppend(store)('2026-11-26', 'shardId-1', events);
  const sweeping = {
    ...{ store, append: createAppend(store), issuer, now: () => noon + 86_400 },
    decisionsOf: async function* () {
      for (const { decisionId, ending } of listed) yield { decisionId, outcome: ending.outcome };
    },
    findDecision: async (id: string) => kept.find(({ decisionId }) => decisionId === id),
  };
  const outcomes = [await sweep(yesterday(noon + 86_400), sweeping), await sweep(yesterday(noon + 86_400), sweeping)];
  const added = objects.get('events/2026-11-27/sweep/0000000001.jsonl.gz');
  return {
    outcomes,
    added:
      added &&
      readTrailObject(added).events.map(({ unmapped, status_id: status }) => [
        (unmapped as { decision_id: string }).decision_id,
        status,
      ]),
  };
}

describe('the sweep', () => {
  test('delivers what is missing, once, and nothing of what is there', async () => {
    const [one, two, three] = [recordOf('d-1', granted), recordOf('d-2', granted), recordOf('d-3', refused)];
    const { outcomes, added } = await swept([one], [one, two, three]);
    expect(added).toEqual([
      ['d-2', 1],
      ['d-3', 2],
    ]);
    expect(outcomes).toMatchObject([
      { decisions: 3, missing: 2 },
      { decisions: 3, missing: 0 },
    ]);
    expect((await swept([one, two, three], [one, two, three])).added).toBeUndefined();
  });

  test('delivers a correction of which the trail has only the grant', async () => {
    const { added } = await swept([recordOf('d-1', granted)], [recordOf('d-1', refused)]);
    expect(added).toEqual([['d-1', 2]]);
  });

  test('leaves out what has expired meanwhile', async () => {
    expect((await swept([], [recordOf('d-1', granted)], [])).outcomes).toMatchObject([
      { decisions: 1, missing: 0 },
      {},
    ]);
  });

  test('is of the whole day before, in UTC', () => {
    expect(yesterday(noon)).toEqual({ since: noon - 43_200 - 86_400, until: noon - 43_200 - 1 });
  });
});
