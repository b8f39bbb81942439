// The last gate before anything is issued: nothing presented was revoked, and what may be used once is used now. Both are
// asked of the store side by side. Pure but for the capabilities.
import { createHash } from 'node:crypto';
import type { ExchangeCapabilities } from './capabilities.ts';
import type { DecisionFacts } from './decision/decision.ts';
import { type Denial, Refused, type TokenParameter } from './denial.ts';
import { TokenRefused } from './jose/jwt.ts';
import type { Parties } from './parties.ts';
import type { Form } from './request/form.ts';
import { describeToken, isRevoked } from './revocation/revocation.ts';
import type { AuthenticatedClient } from './verify/client-authentication.ts';
import type { Taking, UseClaim } from './verify/one-time-use.ts';
import type { VerifiedToken } from './verify/verify-token.ts';

export interface Admission {
  readonly caller: AuthenticatedClient | undefined;
  readonly parties: Parties;
  /** What the request's uses are for. */
  readonly claim: UseClaim;
  readonly decision: Pick<DecisionFacts, 'attempt' | 'abandoned'>;
}

export type AdmissionCapabilities = Pick<ExchangeCapabilities, 'findRevocations' | 'takeUse' | 'release' | 'now'>;

/**
 * Does the work for a request that is admitted. Its uses are given back when the request is refused after all, or the
 * work fails: who got nothing has used nothing.
 * @param work is given the claim of the first of identical requests, and whether this is a repetition
 * @throws Refused `token` with reason `revoked` or `replayed`, `client`, or what `work` throws
 */
export async function admit<Answer>(
  admission: Admission,
  cambio: AdmissionCapabilities,
  work: (claim: UseClaim, again: boolean) => Promise<Answer>,
): Promise<Answer> {
  const checked = checkRevoked(presentedTokens(admission), cambio);
  checked.catch(() => {});
  const taken: Taking[] = [];
  try {
    const { claim } = admission;
    const first = await takeUses(admission, cambio, taken);
    await checked;
    return await inTime(admission.decision, () => work(first ?? claim, first !== undefined));
  } catch (error) {
    await Promise.all(taken.map((taking) => cambio.release(taking)));
    throw error;
  }
}

/**
 * Does the work for a caller whose assertion, if it may be used once, is used for it.
 * @throws Refused `client`, or what `work` throws
 */
export async function admitCaller<Answer>(
  { caller, decision }: Pick<Admission, 'caller' | 'decision'>,
  cambio: Pick<AdmissionCapabilities, 'takeUse' | 'release'>,
  work: () => Promise<Answer>,
): Promise<Answer> {
  if (!caller?.use) return work();
  const taking = { use: caller.use, attempt: decision.attempt };
  if ((await cambio.takeUse(taking)).outcome === 'used') throw new Refused({ kind: 'client' });
  try {
    return await inTime(decision, work);
  } catch (error) {
    await cambio.release(taking);
    throw error;
  }
}

/** Work that nobody waits for any more is not begun, and what came of it was used for nothing. */
async function inTime<Answer>(decision: Admission['decision'], work: () => Promise<Answer>): Promise<Answer> {
  const late = new Refused({ kind: 'unavailable', dependency: 'deadline' });
  if (decision.abandoned) throw late;
  const answer = await work();
  if (decision.abandoned) throw late;
  return answer;
}

/** A verified token and how the request is refused for it. */
export interface Presented {
  readonly token: VerifiedToken;
  readonly refuse: (reason: 'revoked' | 'malformed', detail: string) => Denial;
}

function presentedTokens({ caller, parties: { subject, actor } }: Admission): readonly Presented[] {
  return [
    { token: subject, refuse: tokenDenial('subject_token') },
    ...(actor ? [{ token: actor, refuse: tokenDenial('actor_token') }] : []),
    ...presentedAssertion(caller),
  ];
}

/** A federated client's token: revoked, it says no longer who calls. */
export function presentedAssertion(caller: AuthenticatedClient | undefined): readonly Presented[] {
  return caller?.token ? [{ token: caller.token, refuse: () => ({ kind: 'client' }) }] : [];
}

export function tokenDenial(parameter: TokenParameter): Presented['refuse'] {
  return (reason, detail) => ({ kind: 'token', parameter, reason, detail });
}

/** @throws Refused as each token says */
export async function checkRevoked(
  presented: readonly Presented[],
  cambio: Pick<ExchangeCapabilities, 'findRevocations' | 'now'>,
): Promise<void> {
  const described = presented.map((one) => ({ ...one, descriptions: describe(one, cambio.now()) }));
  const revocations = await cambio.findRevocations(described.flatMap(({ descriptions }) => descriptions));
  const hit = described.find(({ descriptions }) => isRevoked(descriptions, revocations, cambio.now()));
  if (hit) throw new Refused(hit.refuse('revoked', 'it, or a token it comes from, was revoked'));
}

function describe({ token, refuse }: Presented, now: number) {
  try {
    return describeToken(token, now);
  } catch (error) {
    throw new Refused(refuse('malformed', detailOf(error)), { cause: error });
  }
}

/** Whatever is wrong with a token is said of the role it is presented in; other errors go on as they are. */
function detailOf(error: unknown): string {
  if (error instanceof TokenRefused) return error.message;
  if (error instanceof Refused && error.denial.kind === 'token') return error.denial.detail;
  throw error;
}

/**
 * Takes every use of the request in turn; one token in several roles is one use. Assertions are never repeated, unless
 * they are the subject or actor token too. The use that is taken first says what all are for: whoever has it is alone with
 * the identical requests, while another use may still be held by one of them that is about to give up.
 * @returns the claim of the first request, when this is a repetition of it
 */
async function takeUses(
  { caller, parties: { subject, actor }, claim, decision: { attempt } }: Admission,
  cambio: AdmissionCapabilities,
  taken: Taking[],
): Promise<UseClaim | undefined> {
  let first: UseClaim | undefined;
  const take = async (use: Taking['use'] | undefined, repeatable: boolean, refuse: () => Denial): Promise<void> => {
    if (!use || taken.some((earlier) => earlier.use.issuer === use.issuer && earlier.use.jti === use.jti)) return;
    const taking: Taking = { use, attempt, claim: repeatable ? (first ?? claim) : undefined };
    const result = await cambio.takeUse(taking);
    if (result.outcome === 'used') throw new Refused(refuse());
    if (result.outcome === 'again' && taken.length === 0) first = result.claim;
    taken.push(taking);
  };
  await take(subject.use, true, replayed('subject_token'));
  await take(actor?.use, true, replayed('actor_token'));
  await take(caller?.use, false, () => ({ kind: 'client' }));
  return first;
}

function replayed(parameter: TokenParameter): () => Denial {
  return () => ({ kind: 'token', parameter, reason: 'replayed', detail: 'it may be used once, and was' });
}

/** What must be fresh in a repetition. */
const notRepeated = ['client_assertion'];

/**
 * What makes two requests identical: their decoded parameters in any order of names, who called, and the policy that
 * would decide. Hex.
 */
export function requestHash(form: Form, client: string | undefined, policyHash: string): string {
  const parameters = [...form].filter(([name]) => !notRepeated.includes(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([parameters, client ?? null, policyHash]))
    .digest('hex');
}
