// The last gate before anything is issued: nothing presented was revoked, and what may be used once is used now. Both are
// asked of the store side by side. Pure but for the capabilities.
import type { DecisionFacts } from './decision/decision.ts';
import { type Denial, Refused, type TokenParameter } from './denial.ts';
import type { Granted, RoleGrantedTo } from './grant.ts';
import { TokenRefused } from './jose/jwt.ts';
import type { SigningKey } from './jose/keyring.ts';
import type { Parties } from './parties.ts';
import {
  type FindHolds,
  isRevoked,
  participantRevocableBy,
  type RevocableBy,
  revocableBy,
} from './revocation/revocation.ts';
import { isSuspended, type SuspendableName } from './revocation/suspension.ts';
import type { AuthenticatedClient } from './verify/client-authentication.ts';
import type { Possession } from './verify/possession.ts';
import { selfName } from './verify/self-issuer.ts';
import type { ReleaseUse, TakeUse, Taking, UsePurpose } from './verify/single-use.ts';
import type { VerifiedToken } from './verify/verify-token.ts';

export interface Admission {
  readonly caller: AuthenticatedClient | undefined;
  readonly possession: Possession;
  readonly parties: Parties;
  readonly granted: Granted | RoleGrantedTo;
  readonly purpose: UsePurpose;
  readonly decision: Pick<DecisionFacts, 'attempt'>;
  /** The key that is to sign, where one is. */
  readonly signing?: Pick<SigningKey, 'kid'> | undefined;
}

interface HoldCapabilities {
  readonly findHolds: FindHolds;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

interface UseCapabilities {
  readonly takeUse: TakeUse;
  readonly release: ReleaseUse;
}

export type AdmissionCapabilities = HoldCapabilities & UseCapabilities;

/** An admitted request. A caller that forgets to give back loses a use; it never gains one. */
export interface Admitted {
  /** What the uses are for: for a repetition, what they were for the first time. */
  readonly purpose: UsePurpose;
  /** Whether this is the identical request again. */
  readonly again: boolean;
  /** Whether the key that was to sign has been revoked: its successor is in the keyring. */
  readonly isKeyRevoked: boolean;
  /** To be called when the request gets nothing after all. Does not throw. */
  readonly giveBack: () => Promise<void>;
}

/**
 * Admits a request: takes its uses, unless something it presents was revoked, something it names is suspended, or, of a
 * repetition, what it would get again was revoked.
 * @throws Refused `token` with reason `revoked` or `replayed`, `suspended`, `client`, `dpop` or `unavailable`; nothing is used then
 */
export async function admit(admission: Admission, capabilities: AdmissionCapabilities): Promise<Admitted> {
  const { signing, purpose } = admission;
  const key = signing && ({ by: 'key', value: signing.kid, issuedAt: purpose.at } as const);
  const checked = checkHolds({ tokens: presentedTokens(admission), names: namesOf(admission), key }, capabilities);
  checked.catch(() => {});
  const taken: Taking[] = [];
  const giveBack = async (): Promise<void> => {
    await Promise.all(taken.map((taking) => capabilities.release(taking)));
  };
  try {
    const first = await takeUses(admission, capabilities, taken);
    const isKeyRevoked = await checked;
    if (first) await checkRepeated(first, admission, capabilities);
    return { purpose: first ?? purpose, again: first !== undefined, isKeyRevoked, giveBack };
  } catch (error) {
    await giveBack();
    throw error;
  }
}

/**
 * Does the work for a caller whose assertion, if it may be used once, is used for it.
 * @throws Refused `client` or `unavailable`, or what `work` throws
 */
export async function admitCaller<Answer>(
  { caller, decision }: { readonly caller: Admission['caller']; readonly decision: DecisionFacts },
  { takeUse, release }: UseCapabilities,
  work: () => Promise<Answer>,
): Promise<Answer> {
  if (!caller?.use) return work();
  const taking = { use: caller.use, attempt: decision.attempt };
  if ((await takeUse(taking)).outcome === 'used') throw new Refused(usedAssertion);
  try {
    requireWaiting(decision);
    const answer = await work();
    requireWaiting(decision);
    return answer;
  } catch (error) {
    await release(taking);
    throw error;
  }
}

/**
 * Work that nobody waits for any more is not begun, and what came of it was used for nothing.
 * @throws Refused `unavailable`
 */
export function requireWaiting({ abandoned }: Pick<DecisionFacts, 'abandoned'>): void {
  if (abandoned) throw new Refused({ kind: 'unavailable', dependency: 'deadline' });
}

/** A verified token and how the request is refused for it. */
export interface PresentedToken {
  readonly token: VerifiedToken;
  readonly refuse: (reason: 'revoked' | 'malformed', detail: string) => Denial;
}

function presentedTokens({ caller, parties: { subject, actor } }: Admission): readonly PresentedToken[] {
  return [
    { token: subject, refuse: tokenDenial('subject_token') },
    ...(actor ? [{ token: actor, refuse: tokenDenial('actor_token') }] : []),
    ...presentedAssertion(caller),
  ];
}

/** A federated client's token: once it is revoked, it no longer proves who calls. */
export function presentedAssertion(caller: AuthenticatedClient | undefined): readonly PresentedToken[] {
  return caller?.token ? [{ token: caller.token, refuse: (_, detail) => ({ kind: 'client', detail }) }] : [];
}

export function tokenDenial(parameter: TokenParameter): PresentedToken['refuse'] {
  return (reason, detail) => ({ kind: 'token', parameter, reason, detail });
}

/** A name of the policy, and how the request is refused while it is suspended. */
interface NamedParty {
  readonly suspendable: SuspendableName;
  readonly as: 'client' | 'target';
}

/** All that a request names: who calls, whose tokens it presents, the rule that grants and the target. */
function namesOf({ caller, parties: { subject, actor }, granted }: Admission): readonly NamedParty[] {
  const target: readonly SuspendableName[] = [
    ...issuersOf([subject, actor]),
    { kind: 'rule', name: granted.rule.id },
    'role' in granted ? { kind: 'role', name: granted.role.name } : { kind: 'audience', name: granted.audience.name },
  ];
  return [...callerNames(caller), ...target.map((suspendable) => ({ suspendable, as: 'target' as const }))];
}

/** An authenticated client, and the issuer whose token it authenticated with. */
export function callerNames(caller: AuthenticatedClient | undefined): readonly NamedParty[] {
  if (!caller) return [];
  const names: readonly SuspendableName[] = [
    { kind: 'client', name: caller.client.name },
    ...issuersOf([caller.token]),
  ];
  return names.map((suspendable) => ({ suspendable, as: 'client' }));
}

/** Our own tokens are good while their issuers are suspended: what was issued already lives on. */
function issuersOf(tokens: readonly (VerifiedToken | undefined)[]): readonly SuspendableName[] {
  const names = tokens.flatMap((token) => (token && token.issuer.name !== selfName ? [token.issuer.name] : []));
  return [...new Set(names)].map((name) => ({ kind: 'issuer', name }));
}

interface Checked {
  readonly tokens: readonly PresentedToken[];
  readonly names: readonly NamedParty[];
  /** A key of ours that is to sign now. */
  readonly key?: RevocableBy | undefined;
}

/**
 * One read for all that may hold a request back.
 * @returns whether the key is revoked
 * @throws Refused `suspended`, or as each token says
 */
export async function checkHolds(
  { tokens, names, key }: Checked,
  { findHolds, now }: HoldCapabilities,
): Promise<boolean> {
  const revocable = tokens.map((one) => ({ ...one, parts: partsOf(one) }));
  const found = await findHolds({
    parts: [...revocable.flatMap(({ parts }) => parts), ...(key ? [key] : [])],
    names: names.map(({ suspendable }) => suspendable),
  });
  const suspended = names.find(({ suspendable }) => isSuspended(suspendable, found.suspensions, now()));
  if (suspended) throw new Refused({ kind: 'suspended', suspended: suspended.suspendable, as: suspended.as });
  const hit = revocable.find(({ parts }) => isRevoked(parts, found.revocations, now()));
  if (hit) throw new Refused(hit.refuse('revoked', 'it, a token it comes from or one who took part in it was revoked'));
  return key !== undefined && isRevoked([key], found.revocations, now());
}

/**
 * What the identical request got the first time must not be handed out again once it was taken back: neither the token nor,
 * for a role, another session in place of the one that was ended.
 * @throws Refused `token` with reason `revoked`
 */
async function checkRepeated(
  { jti, at, asserted }: UsePurpose,
  { caller, parties: { subject } }: Admission,
  { findHolds, now }: HoldCapabilities,
): Promise<void> {
  const parts = (['jti', 'family'] as const).map((by): RevocableBy => ({ by, value: jti, issuedAt: at }));
  const client: RevocableBy = { by: 'client', value: caller?.client.name ?? subject.issuer.name, issuedAt: at };
  const again = [...parts, client, ...(asserted ? participantRevocableBy(asserted) : [])];
  const { revocations } = await findHolds({ parts: again, names: [] });
  if (!isRevoked(again, revocations, now())) return;
  throw new Refused(tokenDenial('subject_token')('revoked', 'what was issued for it the first time was revoked'));
}

function partsOf({ token, refuse }: PresentedToken): readonly RevocableBy[] {
  try {
    return revocableBy(token);
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
 * they are the subject or actor token too, and proofs never are. The use that is taken first says what all are for: whoever has it is alone with
 * the identical requests, while another use may still be held by one of them that is about to give up.
 * @returns the purpose of the first request, when this is a repetition of it
 */
async function takeUses(
  { caller, possession: { proof }, parties: { subject, actor }, purpose, decision: { attempt } }: Admission,
  { takeUse }: UseCapabilities,
  taken: Taking[],
): Promise<UsePurpose | undefined> {
  if (!subject.use && !actor?.use && !caller?.use && !proof) return undefined;
  let first: UsePurpose | undefined;
  const take = async (use: Taking['use'] | undefined, repeatable: boolean, refuse: () => Denial): Promise<void> => {
    if (!use || taken.some((earlier) => earlier.use.issuer === use.issuer && earlier.use.jti === use.jti)) return;
    const taking: Taking = { use, attempt, purpose: repeatable ? (first ?? purpose) : undefined };
    const result = await takeUse(taking);
    if (result.outcome === 'used') throw new Refused(refuse());
    if (result.outcome === 'again' && taken.length === 0) first = result.purpose;
    taken.push(taking);
  };
  await take(subject.use, true, replayed('subject_token'));
  await take(actor?.use, true, replayed('actor_token'));
  await take(caller?.use, false, () => usedAssertion);
  await take(proof?.use, false, () => ({ kind: 'dpop', problem: 'replayed', detail: 'the proof was used before' }));
  return first;
}

function replayed(parameter: TokenParameter): () => Denial {
  return () => ({ kind: 'token', parameter, reason: 'replayed', detail: 'it may be used once, and was' });
}

const usedAssertion: Denial = { kind: 'client', detail: 'the assertion may be used once, and was' };
