// Takes every step that is due in the life of the signing keys. It may be interrupted anywhere: the next run finds the same step due,
// and what it repeats is done already. Pure but for the capabilities.
import type { KeyPurpose } from '../../policy/key-purposes.ts';
import type { SigningKey } from '../jose/keyring.ts';
import { type DueStep, dueStep, isLast, type KeyStep, type MadeKey, type RotationTerms, stepped } from './rotation.ts';

/** The keyring as it was read; it is replaced only while it is still this. */
export interface KeyringItem {
  readonly keys: readonly SigningKey[];
  readonly version: number;
  /** What the keys were read from. */
  readonly text: string;
}

/** The keyring. */
export interface KeyringStore {
  /** @throws Error where it is none of ours */
  readonly read: () => Promise<KeyringItem>;
  /** False where it is not what was read any more. */
  readonly replace: (read: KeyringItem, keys: readonly SigningKey[]) => Promise<boolean>;
}

/** KMS keys. Each call may be repeated, but a key that was made twice is two. */
export interface KmsKeys {
  readonly make: (purpose: KeyPurpose) => Promise<MadeKey>;
  /** It signs no more. */
  readonly disable: (keyId: string) => Promise<void>;
  /** It is gone after the time KMS waits. */
  readonly scheduleDeletion: (keyId: string) => Promise<void>;
}

export interface RotateCapabilities {
  readonly store: KeyringStore;
  readonly kms: KmsKeys;
  /** Puts the keys of the keyring as it is where verifiers read them; twice does no harm. */
  readonly publish: () => Promise<void>;
  readonly terms: RotationTerms;
  /** Epoch seconds. */
  readonly now: () => number;
  /** Told of each step that was taken. */
  readonly onStep: (step: KeyStep) => void;
}

/** More than there can be at once; a run that has taken them all leaves the rest to the next. */
const mostSteps = 50;

/**
 * @returns the keys, as they are published now
 * @throws what the store or KMS throws; the steps before are taken, and published
 */
export async function rotate(capabilities: RotateCapabilities): Promise<readonly SigningKey[]> {
  // A step that cannot be taken must not keep a key published that has left the keyring.
  try {
    return await takeAll(capabilities);
  } finally {
    await capabilities.publish();
  }
}

async function takeAll(capabilities: RotateCapabilities): Promise<readonly SigningKey[]> {
  const { store, terms, now } = capabilities;
  for (let taken = 0; taken < mostSteps; taken += 1) {
    const item = await store.read();
    const step = dueStep(item.keys, now(), terms);
    if (!step) return item.keys;
    await take(step, item, capabilities);
  }
  return (await store.read()).keys;
}

async function take(
  step: DueStep,
  item: KeyringItem,
  { store, kms, publish, now, onStep }: RotateCapabilities,
): Promise<void> {
  const made = step.kind === 'make' ? await kms.make(step.purpose) : undefined;
  if (step.kind === 'publish') await publish();
  if (step.kind === 'forget') await end(step.kid, item, kms);
  if (await store.replace(item, stepped(item.keys, step, now(), made))) onStep(step);
  // Somebody else was faster: what was made for nothing signs nothing.
  else if (made) await kms.scheduleDeletion(made.keyId);
}

/**
 * A key that is about to be deleted signs nothing more. The template's keys are CloudFormation's, which could not update such a one:
 * they are disabled.
 */
async function end(kid: string, { keys }: KeyringItem, kms: KmsKeys): Promise<void> {
  const key = keys.find((one) => one.kid === kid);
  if (!key || !isLast(keys, key)) return;
  await (key.ofTemplate ? kms.disable(key.keyId) : kms.scheduleDeletion(key.keyId));
}
