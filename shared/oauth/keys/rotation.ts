// The life of signing keys, as a machine of states: which step is due, and what the keyring is after it. A key is made and published
// (`next`), signs (`current`), is published on for what it signed (`previous`), and leaves the JWK Set (`retired`) before its KMS
// key ends. Each step is one write, and whoever is interrupted between two is told the same step again. Pure.
import { type KeyPurpose, keyUses } from '../../policy/key-purposes.ts';
import { currentKey, type KeyState, kidFor, type PublicJwk, type SigningKey, useOf } from '../jose/keyring.ts';
import { keptFor, publishedFor } from './key-times.ts';

export type KeyStep =
  /** A KMS key is made. */
  | { readonly kind: 'make'; readonly purpose: KeyPurpose }
  /** It is where verifiers read it. */
  | { readonly kind: 'publish'; readonly kid: string }
  /** The next key signs, the current one no longer. */
  | { readonly kind: 'promote'; readonly kid: string }
  /** Nothing is signed for its purpose any more: it has no successor. */
  | { readonly kind: 'withdraw'; readonly kid: string }
  /** It leaves the JWK Set. */
  | { readonly kind: 'retire'; readonly kid: string }
  /** Its KMS key has been ended: it leaves the keyring. */
  | { readonly kind: 'forget'; readonly kid: string };

/** A step, and since when (epoch seconds) it has been due. */
export type DueStep = KeyStep & { readonly since: number };

export interface RotationTerms {
  /** What there have to be keys for; keys for anything else sign on until their time is over, and have no successors. */
  readonly purposes: readonly KeyPurpose[];
  /** Seconds that a key signs. */
  readonly every: number;
}

/** A key that was made for a purpose. */
export interface MadeKey {
  readonly keyId: string;
  /** RFC 7638. */
  readonly thumbprint: string;
  readonly publicJwk: PublicJwk;
  /** As a keyring has it. */
  readonly sealed?: string;
}

/** The next step of all, if one is due at `at` (epoch seconds): ends first, since what is over is the most urgent. */
export function dueStep(keys: readonly SigningKey[], at: number, terms: RotationTerms): DueStep | undefined {
  const steps = [
    () => keys.map((key) => endingStep(key, at)),
    () => terms.purposes.map((purpose) => stepFor(purpose, keys, at, terms)),
    () => keys.map((key) => withdrawal(key, keys, at, terms)),
  ];
  for (const due of steps) {
    const step = due().find((one) => one !== undefined);
    if (step) return step;
  }
  return undefined;
}

function endingStep(key: SigningKey, at: number): DueStep | undefined {
  const since = sinceOf(key);
  if (key.state === 'retired') return { kind: 'forget', kid: key.kid, since };
  const isOver = key.state === 'previous' && at >= since + keptFor;
  return isOver ? { kind: 'retire', kid: key.kid, since: since + keptFor } : undefined;
}

function stepFor(
  purpose: KeyPurpose,
  keys: readonly SigningKey[],
  at: number,
  { every }: RotationTerms,
): DueStep | undefined {
  const current = currentKey({ keys }, purpose);
  const next = nextKey(keys, purpose);
  if (!next) return { kind: 'make', purpose, since: current ? sinceOf(current) : at };
  if (current && next.publishedAt === undefined) return { kind: 'publish', kid: next.kid, since: sinceOf(next) };
  const since = promotedAt(next, current, every);
  return at >= since ? { kind: 'promote', kid: next.kid, since } : undefined;
}

/** An older version of the functions may still sign for what the policy wants no more: not before a successor would have been due. */
function withdrawal(
  key: SigningKey,
  keys: readonly SigningKey[],
  at: number,
  { purposes, every }: RotationTerms,
): DueStep | undefined {
  const isWanted = purposes.some(({ use, alg }) => alg === key.alg && use === useOf(key));
  if (isWanted || (key.state !== 'current' && key.state !== 'next')) return undefined;
  const current = currentKey({ keys }, { use: useOf(key), alg: key.alg });
  const since = current ? (current.rotateAt ?? sinceOf(current) + every) : sinceOf(key);
  return at >= since ? { kind: 'withdraw', kid: key.kid, since } : undefined;
}

/** When the next key is to sign, epoch seconds. Without a current one it is wanted at once. */
export function promotedAt(next: SigningKey, current: SigningKey | undefined, every: number): number {
  if (!current) return sinceOf(next);
  const published = (next.publishedAt ?? Number.POSITIVE_INFINITY) + publishedFor;
  // The same key under the name that keys have now.
  if (current.keyId === next.keyId) return published;
  return Math.max(published, current.rotateAt ?? sinceOf(current) + every);
}

export function nextKey(keys: readonly SigningKey[], { use, alg }: KeyPurpose): SigningKey | undefined {
  return keys.find((key) => key.state === 'next' && key.alg === alg && useOf(key) === use);
}

/** The keyring after the step. @param made for a step that makes a key */
export function stepped(keys: readonly SigningKey[], step: KeyStep, at: number, made?: MadeKey): readonly SigningKey[] {
  switch (step.kind) {
    case 'make':
      return made ? ordered([...keys, keyOf(made, step.purpose, 'next', at)]) : keys;
    case 'publish':
      return keys.map((key) => (key.kid === step.kid ? { ...key, publishedAt: at } : key));
    case 'promote':
      return promoted(keys, step.kid, at);
    case 'withdraw':
      return withdrawn(keys, step.kid, at);
    case 'retire':
      return changed(keys, ({ kid }) => kid === step.kid, 'retired', at);
    case 'forget':
      return keys.filter(({ kid }) => kid !== step.kid);
  }
}

/** What signed is published on; what never did is not. */
function withdrawn(keys: readonly SigningKey[], kid: string, at: number): readonly SigningKey[] {
  const state = keys.some((key) => key.kid === kid && key.state === 'current') ? 'previous' : 'retired';
  return changed(keys, (key) => key.kid === kid, state, at);
}

/** Whether nothing else in the keyring has this KMS key: an older name of a key may go before the key does. */
export function isLast(keys: readonly SigningKey[], key: SigningKey): boolean {
  return !keys.some(({ kid, keyId, state }) => keyId === key.keyId && kid !== key.kid && state !== 'retired');
}

/** Every key that signs is to be followed by another, as soon as that one is known well enough. */
export function rotatedFrom(keys: readonly SigningKey[], at: number): readonly SigningKey[] {
  return keys.map((key) => (key.state === 'current' && key.rotateAt === undefined ? { ...key, rotateAt: at } : key));
}

/** What there is no key for once this one is gone: its successor has to be made first. */
export function orphanedBy(keys: readonly SigningKey[], kid: string): KeyPurpose | undefined {
  const gone = goneWith(keys, kid);
  const current = gone.find(({ state }) => state === 'current');
  if (!current) return undefined;
  const purpose = { use: useOf(current), alg: current.alg };
  return nextKey(without(keys, gone), purpose) ? undefined : purpose;
}

/**
 * The keyring without a key that nobody may believe any longer: it is neither published nor signs, under any of its names, and the
 * next one signs in its place, whoever knows it; where there is none, `successor`.
 */
export function revoked(
  keys: readonly SigningKey[],
  kid: string,
  at: number,
  successor?: { readonly purpose: KeyPurpose; readonly made: MadeKey },
): readonly SigningKey[] {
  const gone = goneWith(keys, kid);
  const current = gone.find(({ state }) => state === 'current');
  const left = changed(keys, (key) => gone.includes(key), 'retired', at);
  if (successor) return ordered([...left, keyOf(successor.made, successor.purpose, 'current', at)]);
  const next = current && nextKey(without(keys, gone), { use: useOf(current), alg: current.alg });
  return next ? promoted(left, next.kid, at) : left;
}

/** A key under all of its names. */
export function goneWith(keys: readonly SigningKey[], kid: string): readonly SigningKey[] {
  const keyId = keys.find((key) => key.kid === kid)?.keyId;
  return keys.filter((key) => key.keyId === keyId);
}

function without(keys: readonly SigningKey[], gone: readonly SigningKey[]): readonly SigningKey[] {
  return keys.filter((key) => !gone.includes(key));
}

function promoted(keys: readonly SigningKey[], kid: string, at: number): readonly SigningKey[] {
  const next = keys.find((key) => key.kid === kid);
  if (!next) return keys;
  const current = currentKey({ keys }, { use: useOf(next), alg: next.alg });
  return changed(
    changed(keys, (key) => key === current, 'previous', at),
    (key) => key === next,
    'current',
    at,
  );
}

function changed(
  keys: readonly SigningKey[],
  isMeant: (key: SigningKey) => boolean,
  state: KeyState,
  at: number,
): readonly SigningKey[] {
  return keys.map((key) => {
    if (!isMeant(key) || key.state === state) return key;
    const { rotateAt: _, ...rest } = key;
    return { ...rest, state, since: at };
  });
}

function keyOf({ thumbprint, ...made }: MadeKey, { use, alg }: KeyPurpose, state: KeyState, at: number): SigningKey {
  return { kid: kidFor(use, thumbprint), alg, ...made, state, createdAt: at, since: at };
}

/** Since when a key is in its state; keys that an earlier version wrote have been since they were made. */
export function sinceOf({ since, createdAt }: SigningKey): number {
  return since ?? createdAt ?? 0;
}

/** Those for tokens first: functions of an earlier version, which know no uses, sign with the first of an algorithm. */
export function ordered(keys: readonly SigningKey[]): readonly SigningKey[] {
  const place = (key: SigningKey): number => keyUses.indexOf(useOf(key));
  return [...keys].sort((one, other) => place(one) - place(other));
}
