// Requests with one single-use token, interleaved at every call they make, with answers lost, calls lost and processes that
// end in between: what docs/decisions/single-use.md promises holds whatever happens.
import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import fc from 'fast-check';
import { expect } from 'vitest';
import { createFindDecision } from '../../../../shared/aws/records/decision-records.ts';
import { recordsOf } from '../../../../shared/aws/records/records.ts';
import { tokenEndpoint } from '../../../../shared/http/endpoints/token.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import type { CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import { stores } from '../../../dynamodb-engines.ts';
import { formBody, github, makeWorld, now, policy, subjectToken } from '../../../world.ts';
import { type Fault, interleaving } from '../interleaving.ts';
import { onEveryEngine, table } from '../on-every-engine.ts';

const once: CompiledPolicy = { ...policy, issuers: { github: { ...github, singleUse: true } } };
const actor = { from: 'github', match: [] };
const acting: CompiledPolicy = { ...once, rules: policy.rules.map((rule) => ({ ...rule, actor })) };
const jwt = 'urn:ietf:params:oauth:token-type:jwt';
const clock = (): number => now * 1_000;
const scopes = { same: 'orders:read orders:write', different: 'orders:read', third: 'orders:write' } as const;

interface Request {
  readonly kind: keyof typeof scopes;
  /** Of its calls to the store, in the order it makes them. */
  readonly faults: readonly Fault[];
  /** Whether KMS signs. */
  readonly signs: boolean;
}

/** What every request of one race presents. */
interface Presented {
  readonly subject_token: string;
  readonly actor_token?: string;
}

interface Answer {
  readonly kind: Request['kind'];
  readonly status: number;
  readonly jti: unknown;
}

const faults = (...possible: readonly Fault[]) =>
  fc.array(fc.constantFrom<Fault>('none', ...possible), { maxLength: 8 });
const requests = (fault: fc.Arbitrary<readonly Fault[]>) => {
  const request = (kind: Request['kind']) => fc.record({ kind: fc.constant(kind), faults: fault, signs: fc.boolean() });
  return fc.tuple(request('same'), request('same'), request('different'));
};
const choices = fc.array(fc.nat(5), { maxLength: 60 });
type Race = [all: [Request, Request, Request], order: number[], acts: boolean];
/**
 * A write that is sent twice while an identical request holds the use: it gave the use away to a third in a hundred races or more,
 * and does so here at once.
 */
const rare: Race = [
  [
    { kind: 'same', faults: [], signs: true },
    { kind: 'same', faults: ['twice'], signs: false },
    { kind: 'different', faults: [], signs: false },
  ],
  [1, 0, 0, 1, 4, 4],
  false,
];
let ids = 0;

/** A new subject, or a subject and an actor; either may be used once. */
function present(acts: boolean): Presented {
  const id = newId();
  const subject_token = subjectToken({ jti: id });
  return acts ? { subject_token, actor_token: subjectToken({ sub: 'bot', jti: `actor-${id}` }) } : { subject_token };
}
function newId(): string {
  ids += 1;
  return `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}`;
}

/** What interleaves are calls: who makes them changes nothing here. */
const calledDirectly = stores.filter(({ name }) => !name.endsWith('SDK'));

onEveryEngine((store, on, { name }) => {
  // What is interleaved is ours, whatever engine serialises it: the fast one is given most of the runs.
  const numRuns = { dynoxide: 50, moto: 8 }[name] ?? 30;

  /** Everything the requests were answered, those that ended in between excepted. */
  async function raced(
    all: readonly Request[],
    order: readonly number[],
    subject: Presented,
  ): Promise<readonly Answer[]> {
    const { store: storeOf, gate, play } = interleaving();
    const answers: Answer[] = [];
    const process = (request: Request) => async (): Promise<void> => {
      const call = storeOf(store(), request.faults);
      const answer = await answerOf(request, subject, call, gate);
      answers.push({ ...answer, kind: request.kind });
    };
    await play(all.map(process), order);
    return answers;
  }

  async function answerOf(
    { kind, signs }: Request,
    subject: Presented,
    call: ReturnType<typeof store>,
    gate = async () => {},
  ) {
    const { recordDecision, takeUse, release } = recordsOf({
      ...{ call, table, clock, now: () => now, random: () => 0, entersList: () => true },
    });
    const working = makeWorld({}, subject.actor_token === undefined ? once : acting).cambio;
    const sign = async (...call: Parameters<typeof working.sign>) => {
      await gate();
      if (signs) return working.sign(...call);
      throw new Refused({ kind: 'unavailable', dependency: 'kms' });
    };
    const cambio = { ...working, recordDecision, takeUse, release, sign };
    const handler = tokenEndpoint(cambio, { write: () => {}, newId, clock: Date.now });
    const event = {
      body: formBody({
        ...subject,
        ...(subject.actor_token !== undefined && { actor_token_type: jwt }),
        scope: scopes[kind],
      }),
      multiValueHeaders: { 'Content-Type': ['application/x-www-form-urlencoded'] },
      requestContext: { requestId: 'request-1', identity: { sourceIp: '192.0.2.1' } },
    };
    const { statusCode, body }: APIGatewayProxyResult = await handler(event as never, {} as Context);
    return { status: statusCode, jti: jtiOf(JSON.parse(body).access_token) };
  }

  const alone = (kind: Request['kind'], subject: Presented) =>
    answerOf({ kind, faults: [], signs: true }, subject, store());
  const findDecision = (jti: unknown) => createFindDecision(store(), table)(String(jti));

  /** One token at most was granted, its record says so, and its own request alone can have it again. */
  async function holds(answers: readonly Answer[], subject: Presented): Promise<void> {
    const granted = answers.filter(({ status }) => status === 200);
    expect(new Set(granted.map(({ jti }) => jti)).size).toBeLessThanOrEqual(1);
    const [one] = granted;
    if (!one) return;
    expect((await findDecision(one.jti))?.ending.outcome).toBe('granted');
    for (const kind of ['same', 'different', 'third'] as const) {
      const { status, jti } = await alone(kind, subject);
      expect([kind, status, jti]).toEqual(kind === one.kind ? [kind, 200, one.jti] : [kind, 400, undefined]);
    }
  }

  on('one token at most is granted, whatever is lost and whoever ends in between', { timeout: 120_000 }, async () => {
    const any = faults('twice', 'lost', 'unsent', 'crash', 'crash after');
    await fc.assert(
      fc.asyncProperty(requests(any), choices, fc.boolean(), async (all, order, acts) => {
        const subject = present(acts);
        await holds(await raced(all, order, subject), subject);
      }),
      { numRuns, examples: [rare] },
    );
  });

  on(
    'a token nobody was answered for is free for any request, though answers were lost and KMS did not sign',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(requests(faults('twice')), choices, fc.boolean(), async (all, order, acts) => {
          const subject = present(acts);
          const answers = await raced(all, order, subject);
          await holds(answers, subject);
          if (answers.some(({ status }) => status === 200)) return;
          expect((await alone('third', subject)).status).toBe(200);
        }),
        { numRuns, examples: [rare] },
      );
    },
  );

  on('after a crash the identical request of whoever had it succeeds', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        requests(faults('lost', 'crash', 'crash after')),
        choices,
        fc.boolean(),
        async (all, order, acts) => {
          const subject = present(acts);
          const answers = await raced(all, order, subject);
          if (answers.some(({ status }) => status === 200)) return;
          const later = [await alone('same', subject), await alone('different', subject)];
          expect(later.map(({ status }) => status).sort()).toEqual([200, 400]);
        },
      ),
      { numRuns },
    );
  });
}, calledDirectly);

function jtiOf(token: unknown): unknown {
  if (typeof token !== 'string') return undefined;
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())['jti'];
}
