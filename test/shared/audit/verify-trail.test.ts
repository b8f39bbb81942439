// A trail is whole, or it is said what was done to it.
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createAppend } from '../../../shared/audit/append.ts';
import {
  type HeadJwk,
  headText,
  kidOf,
  nameOfHead,
  nameOfKey,
  readHead,
  signingInputOf,
} from '../../../shared/audit/head.ts';
import { signHead } from '../../../shared/audit/sign-head.ts';
import { memoryTrail, newKey, noon, signedTrail, signerOf, verified } from './trail-world.ts';

type Objects = Map<string, Uint8Array>;
type Trail = Awaited<ReturnType<typeof signedTrail>>;

const at = (shard: number, index: number) => `events/2026-11-26/shardId-${shard}/000000000${index}.jsonl.gz`;
const entry = (sequence: string) => ({ sequence, event: { unmapped: { sequence } } });
const headAt = (number: number) => `heads/2026-11-26/000000000${number}.head`;
const bytesOf = (objects: Objects, name: string): Uint8Array => objects.get(name) ?? expect.fail(`no ${name}`);
const swap = (objects: Objects, one: string, other: string): void => {
  const [a, b] = [bytesOf(objects, one), bytesOf(objects, other)];
  objects.set(one, b).set(other, a);
};
const rewrite = (objects: Objects, name: string, change: (text: string) => string): void => {
  objects.set(name, gzipSync(change(gunzipSync(bytesOf(objects, name)).toString('utf8'))));
};
/** Signs all heads from `number` on again, with another key. */
const resign = async ({ objects }: Trail, number: number): Promise<void> => {
  const { privateKey, publicKey } = newKey();
  const jwk = publicKey.export({ format: 'jwk' }) as unknown as HeadJwk;
  objects.set(nameOfKey(kidOf(jwk)), Buffer.from(JSON.stringify(jwk)));
  const head = readHead(Buffer.from(bytesOf(objects, headAt(number))).toString('utf8'));
  const input = signingInputOf(head, kidOf(jwk));
  const { sign } = signerOf(memoryTrail().store, noon, privateKey, publicKey);
  objects.set(headAt(number), Buffer.from(headText(head, input, await sign(input))));
};

describe('a trail', () => {
  test('that is whole has no finding; what is behind the last head is counted apart', async () => {
    const { objects } = await signedTrail();
    const report = await verified(objects);
    expect(report).toMatchObject({
      findings: [],
      heads: 3,
      objects: 6,
      events: 10,
      unsigned: 1,
      signedUntil: noon + 1_800,
    });
    expect(report.kids).toEqual([expect.stringMatching(/^audit\.[\w-]{43}$/)]);
    const { findings } = await verified(objects, { kids: report.kids });
    expect(findings).toEqual([]);
  });

  test.each<[string, (trail: Trail) => void | Promise<void>, RegExp]>([
    [
      'a byte of an event was changed',
      ({ objects }) => rewrite(objects, at(1, 1), (text) => text.replace('d-2', 'd-9')),
      /shardId-1\/0000000001\.jsonl\.gz: changed/,
    ],
    [
      'a byte of an object between two heads was changed',
      async ({ objects, append, head }) => {
        await append('2026-11-26', 'shardId-1', [entry('200000000000000000000')]);
        await head(38);
        rewrite(objects, at(1, 4), (text) => text.replace('d-7', 'd-9'));
      },
      /shardId-1\/0000000005\.jsonl\.gz: changed or reordered: the object before/,
    ],
    [
      'an object was removed',
      ({ objects }) => void objects.delete(at(1, 1)),
      /shardId-1\/0000000001\.jsonl\.gz: missing/,
    ],
    [
      'the last object before the head was removed, and those behind it',
      ({ objects }) => {
        objects.delete(at(1, 3));
        objects.delete(at(1, 4));
      },
      /shardId-1\/0000000003\.jsonl\.gz: missing/,
    ],
    [
      'an object lies far behind the end of its chain',
      ({ objects }) => void objects.set('events/2026-11-26/shardId-1/9999999999.jsonl.gz', bytesOf(objects, at(1, 4))),
      /shardId-1\/0000000005\.jsonl\.gz: missing, and 9999999993 behind it/,
    ],
    [
      'an object says that it reaches further than its events',
      ({ objects }) =>
        rewrite(objects, at(1, 4), (text) => text.replace(/"last":"\d+"/, '"last":"999999999999999999999"')),
      /shardId-1\/0000000004\.jsonl\.gz: changed: its first and last change are not those of its events/,
    ],
    [
      'events of an object were reordered, and it says so',
      ({ objects }) =>
        rewrite(objects, at(2, 1), (text) => {
          const [link = '', first = '', last = ''] = text.split('\n');
          const { trail } = JSON.parse(link) as { trail: { first: string; last: string } };
          return `${JSON.stringify({ trail: { ...trail, first: trail.last, last: trail.first } })}\n${last}\n${first}\n`;
        }),
      /shardId-2\/0000000001\.jsonl\.gz: reordered: its events are not in the order of their changes/,
    ],
    [
      'an event lost its number',
      ({ objects }) => rewrite(objects, at(1, 1), (text) => text.replace(/,"sequence":"\d+2"/, '')),
      /shardId-1\/0000000001\.jsonl\.gz: changed: an event has no number/,
    ],
    [
      'a change came again behind later ones',
      async (trail) => {
        await createAppend(trail.store)('2026-11-26', 'shardId-1', [entry('1')]);
      },
      /shardId-1\/0000000005\.jsonl\.gz: reordered: its changes were before those of the object before it/,
    ],
    [
      'a whole chain was removed',
      ({ objects }) => {
        objects.delete(at(2, 1));
        objects.delete(at(2, 2));
      },
      /shardId-2\/0000000001\.jsonl\.gz: missing/,
    ],
    [
      'a line was taken out, and the count set right',
      ({ objects }) =>
        rewrite(objects, at(1, 2), (text) => text.replace('"count":2', '"count":1').replace(/\{[^\n]*d-5[^\n]*\n/, '')),
      /shardId-1\/0000000002\.jsonl\.gz: changed: it is not what was signed/,
    ],
    [
      'a file was added',
      ({ objects }) => void objects.set('events/2026-11-26/extra', new Uint8Array()),
      /^events\/2026-11-26\/extra: added/,
    ],
    [
      'an object was added to a chain that had ended',
      ({ objects }) => void objects.set('events/2026-11-20/shardId-0/0000000001.jsonl.gz', bytesOf(objects, at(1, 1))),
      /2026-11-20\/shardId-0\/0000000001\.jsonl\.gz: added: its chain was closed/,
    ],
    [
      'two objects were reordered',
      ({ objects }) => swap(objects, at(1, 1), at(1, 2)),
      /shardId-1\/0000000001\.jsonl\.gz: moved/,
    ],
    [
      'objects of two shards were swapped',
      ({ objects }) => swap(objects, at(1, 1), at(2, 1)),
      /it is object 1 of 2026-11-26\/shardId-2/,
    ],
    [
      'an old head was replayed',
      ({ objects }) => void objects.set(headAt(3), bytesOf(objects, headAt(2))),
      /head: replayed or moved: it is head 2/,
    ],
    [
      'a head was removed',
      ({ objects }) => void objects.delete(headAt(2)),
      /0000000003\.head: the head before it is missing/,
    ],
    [
      'the first head was removed',
      ({ objects }) => void objects.delete(headAt(1)),
      /0000000002\.head: the heads before it are missing/,
    ],
    [
      'the trail was cut back to an old head',
      ({ objects }) => {
        for (const name of [headAt(2), headAt(3), at(1, 2), at(1, 3), at(1, 4), at(2, 1), at(2, 2)])
          objects.delete(name);
      },
      /heads\/: the last is of 2026-11-26T12:00:00Z/,
    ],
    [
      'the trail was cut back to an old head and signed again',
      async ({ objects, head }) => {
        for (const name of [headAt(2), headAt(3), at(1, 2), at(1, 3), at(1, 4), at(2, 1), at(2, 2)])
          objects.delete(name);
        await head(38);
      },
      /0000000002\.head: heads are missing between 2026-11-26T12:00:00Z and 2026-11-26T12:38:00Z/,
    ],
    [
      'all heads were removed',
      ({ objects }) => {
        for (const number of [1, 2, 3]) objects.delete(headAt(number));
      },
      /nothing of the trail is signed/,
    ],
    [
      'a head was signed with another key, which was added',
      (trail) => resign(trail, 3),
      /0000000003\.head: forged: it is signed by another key/,
    ],
    [
      'the key in the trail was replaced',
      ({ objects }) => {
        const [name = ''] = [...objects.keys()].filter((each) => each.startsWith('keys/'));
        objects.set(name, Buffer.from(JSON.stringify(newKey().publicKey.export({ format: 'jwk' }))));
      },
      /^keys\/audit\.\S+: changed: it is not the key it is named after/,
    ],
    [
      'a chain was taken out of a head',
      ({ objects }) => {
        const text = Buffer.from(bytesOf(objects, headAt(3))).toString('utf8');
        objects.set(headAt(3), Buffer.from(text.split('\n').slice(0, 2).join('\n')));
      },
      /0000000003\.head: changed: it is no head, or its chains/,
    ],
    [
      'a signature is that of another head',
      ({ objects }) => {
        const [first = '', ...lines] = Buffer.from(bytesOf(objects, headAt(3)))
          .toString('utf8')
          .split('\n');
        const other =
          Buffer.from(bytesOf(objects, headAt(2)))
            .toString('utf8')
            .split('\n')[0] ?? '';
        const forged = [...first.split('.').slice(0, 2), other.split('.')[2]].join('.');
        objects.set(headAt(3), Buffer.from([forged, ...lines].join('\n')));
      },
      /0000000003\.head: forged: the signature is not that of its key/,
    ],
  ])('is not whole when %s', async (_what, tamper, finding) => {
    const trail = await signedTrail();
    expect((await verified(trail.objects)).findings).toEqual([]);
    await tamper(trail);
    const { findings } = await verified(trail.objects);
    expect(findings).toContainEqual(expect.stringMatching(finding));
  });

  test('that was signed anew from its first head on is found out by a key id kept elsewhere, and by that alone', async () => {
    const trail = await signedTrail();
    const { kids } = await verified(trail.objects);
    const forger = newKey();
    const forged = memoryTrail();
    await createAppend(forged.store)('2026-11-26', 'shardId-1', [entry('1')]);
    await signHead(signerOf(forged.store, noon + 1_800, forger.privateKey, forger.publicKey));
    expect((await verified(forged.objects)).findings).toEqual([]);
    const { findings } = await verified(forged.objects, { kids });
    expect(findings).toEqual([expect.stringMatching(/0000000001\.head: forged: it is signed by another key/)]);
  });

  test('whose oldest part was deleted after its retention is whole since then, and only since then', async () => {
    const trail = await signedTrail();
    for (const name of [headAt(1), at(1, 1)]) trail.objects.delete(name);
    const since = noon + 15 * 60;
    expect((await verified(trail.objects, { since })).findings).toEqual([]);
    expect((await verified(trail.objects)).findings).toHaveLength(2);
    trail.objects.delete(at(1, 3));
    expect((await verified(trail.objects, { since })).findings).toContainEqual(`${at(1, 3)}: missing`);
  });
});

describe('a head', () => {
  test('has every chain of the last days, says what is missing, and is made once', async () => {
    const { objects, store, head, privateKey, publicKey } = await signedTrail();
    objects.delete(at(1, 2));
    expect(await head(40)).toEqual({ number: 4, chains: 2, grownBy: 1, missing: [at(1, 2)] });
    const before = objects.get(nameOfHead({ number: 4, at: noon + 2_400 }));
    // Another run that read the trail before this one wrote.
    const late = {
      ...store,
      list: async (prefix: string, after?: string) =>
        (await store.list(prefix, after)).filter((name) => name !== headAt(4)),
    };
    await signHead(signerOf(late, noon + 2_401, privateKey, publicKey));
    expect(objects.get(headAt(4))).toBe(before);
    // After days without a head, what was open at the last one is signed still; then it is closed, and the chain of heads goes on.
    await createAppend(store)('2026-11-26', 'shardId-9', [entry('1')]);
    expect(await head(5 * 1_440)).toMatchObject({ number: 5, chains: 3, grownBy: 1 });
    expect(await head(9 * 1_440)).toMatchObject({ number: 6, chains: 0 });
  });

  test('is signed although an object lies far behind the end of its chain', async () => {
    const { objects, head } = await signedTrail();
    expect((await head(40)).missing).toEqual([]);
    objects.set('events/2026-11-26/shardId-1/9999999999.jsonl.gz', bytesOf(objects, at(1, 4)));
    const { number, missing } = await head(55);
    expect([number, missing.length, missing[0]]).toEqual([5, 1_000, at(1, 5)]);
  });
});
