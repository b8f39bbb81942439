// A batch as Lambda delivers it becomes objects of the trail; what fails comes again.
import { describe, expect, test } from 'vitest';
import { createAppend } from '../../../../shared/audit/append.ts';
import type { TrailFact } from '../../../../shared/audit/trail-event.ts';
import { readTrailObject } from '../../../../shared/audit/trail-object.ts';
import { type Change, trailWriterTask } from '../../../../shared/http/endpoints/trail-writer.ts';
import { memoryTrail, noon } from '../../audit/trail-world.ts';

const change = (sequence: number, at = noon): Change => ({
  eventID: `e-${sequence}`,
  dynamodb: { ApproximateCreationDateTime: at, SequenceNumber: String(sequence) },
});
const suspension: TrailFact = { kind: 'change', activity: 'create', type: 'suspension', name: 'client#c', data: {} };
const deleted: TrailFact = { kind: 'finding', finding: 'deleted', item: '#decision#d-1' };

function world(factOf: (of: Change) => TrailFact | undefined = () => suspension) {
  const { objects, store } = memoryTrail();
  const lines: unknown[][] = [];
  const writer = {
    append: createAppend(store),
    factOf,
    issuer: 'https://issuer.example',
    clock: () => (noon + 7) * 1_000,
  };
  const handler = trailWriterTask(writer, (...line) => void lines.push(line));
  return { objects, lines, handler };
}

describe('a batch', () => {
  test('is written under its shard, a day apart from the next; its lag is in the log', async () => {
    const { objects, lines, handler } = world();
    const midnight = noon + 43_200;
    const batch = { shardId: 'shardId-1', Records: [change(1), change(2, midnight - 1), change(3, midnight)] };
    expect(await handler(batch)).toEqual({ state: {} });
    const names = [
      'events/2026-11-26/shardId-1/0000000001.jsonl.gz',
      'events/2026-11-27/shardId-1/0000000001.jsonl.gz',
    ];
    expect([...objects.keys()]).toEqual(names);
    const [first = ''] = names;
    expect(readTrailObject(objects.get(first) ?? expect.fail()).link).toMatchObject({
      first: '1',
      last: '2',
      count: 2,
    });
    expect(lines).toEqual([['info', 'audit_trail', { shard: 'shardId-1', changes: 3, events: 3 }, { audit_lag: 7 }]]);
  });

  test('of nobody’s decisions, or of none at a window’s end, writes nothing', async () => {
    const { objects, handler } = world(() => undefined);
    expect(await handler({ shardId: 'shardId-1', Records: [change(1)] })).toEqual({ state: {} });
    expect(await handler({ shardId: 'shardId-1' })).toEqual({ state: {} });
    expect(objects.size).toBe(0);
  });

  test('with a finding writes it, and says so in the log', async () => {
    const { objects, lines, handler } = world(() => deleted);
    await handler({ shardId: 'shardId-1', Records: [change(1)] });
    expect(objects.size).toBe(1);
    expect(lines[0]).toEqual([
      'error',
      'audit_finding',
      { finding: 'deleted', item: '#decision#d-1' },
      { audit_findings: 1 },
    ]);
  });

  test('with an item of which no event can be made writes that it was there, and what is behind it', async () => {
    const broken = { kind: 'decision', nature: 'decided', record: { decisionId: 'd-1' } } as unknown as TrailFact;
    const { objects, lines, handler } = world(({ eventID }) => (eventID === 'e-1' ? broken : suspension));
    await handler({ shardId: 'shardId-1', Records: [change(1), change(2)] });
    const [bytes = expect.fail('nothing is written')] = objects.values();
    expect(readTrailObject(bytes).events).toMatchObject([{ class_uid: 2004 }, { class_uid: 3004 }]);
    expect(lines[0]).toMatchObject([
      'error',
      'audit_finding',
      { finding: 'unreadable', item: '#decision#d-1' },
      { audit_findings: 1 },
    ]);
  });

  test('without a shard fails, so that Lambda keeps it', async () => {
    const { objects, lines, handler } = world();
    await expect(handler({ Records: [change(1)] })).rejects.toThrow('names no shard');
    expect(lines).toMatchObject([['error', 'audit_trail', { changes: 1 }, { audit_lag: 7 }]]);
    await handler({ shardId: 'shardId-1', Records: [change(1)] });
    expect(objects.size).toBe(1);
  });
});
