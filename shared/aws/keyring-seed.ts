// The first keyring, at deploy: the template's keys, and whatever a later template adds. Calls DynamoDB and KMS.
import { type Keyring, kidFor, type SigningKey, useOf } from '../oauth/jose/keyring.ts';
import { type MadeKey, ordered } from '../oauth/keys/rotation.ts';
import { type KeyPurpose, keyUses } from '../policy/key-purposes.ts';
import { createKeyringStore, findKeyringItem, type KeyringStoreOptions, writeKeyring } from './keyring.ts';

export type TemplateKey = KeyPurpose & Pick<SigningKey, 'keyId'>;

/**
 * The first keyring: one current key for each purpose.
 * @param keys the template's `[{ keyId, alg, use }]`
 * @param at epoch seconds
 * @throws TypeError when `keys` has another shape
 */
export async function makeFirstKeyring(
  keys: unknown,
  at: number,
  keyOf: (key: TemplateKey) => Promise<MadeKey>,
): Promise<Keyring> {
  if (!Array.isArray(keys) || !keys.every(isTemplateKey))
    throw new TypeError('Keys must be a list of {keyId, alg, use}');
  const signingKeys: SigningKey[] = [];
  // One after the other: of RSA pairs KMS makes one a second.
  for (const key of keys) {
    const { alg, use } = key;
    const { thumbprint, ...made } = await keyOf(key);
    const kid = kidFor(use, thumbprint);
    signingKeys.push({ kid, ...made, alg, state: 'current', createdAt: at, since: at, ofTemplate: true });
  }
  return { keys: signingKeys };
}

function isTemplateKey(key: unknown): key is TemplateKey {
  if (typeof key !== 'object' || key === null) return false;
  const { keyId, alg, use } = key as Readonly<Record<string, unknown>>;
  return typeof keyId === 'string' && typeof alg === 'string' && keyUses.some((known) => known === use);
}

/**
 * Writes the first keyring; into one that is already there it adds keys only for purposes it has none for, as when a
 * policy starts to use another algorithm. What rotation has made of the others stays.
 * @param isUpgrade of a deployment whose keyring had no MAC: of what is stored nothing is believed but names of the template's keys
 * @throws Error when the keyring does not verify, or changes meanwhile; CloudFormation then reports a failed resource
 */
export async function seedKeyring(options: KeyringStoreOptions, first: Keyring, isUpgrade: boolean): Promise<void> {
  const stored = await findKeyringItem(options.call, options.table);
  if (stored === undefined) return unlessChanged(writeKeyring(options, first.keys, undefined));
  if (isUpgrade && stored !== 'malformed') {
    return unlessChanged(writeKeyring(options, adopted(stored.keys, first.keys), stored));
  }
  const store = createKeyringStore(options);
  const item = await store.read();
  const added = first.keys.filter((key) => !item.keys.some((other) => signsLike(key, other)));
  if (added.length > 0) await unlessChanged(store.replace(item, ordered([...item.keys, ...added])));
}

async function unlessChanged(written: Promise<boolean>): Promise<void> {
  if (!(await written)) throw new Error('the keyring changed meanwhile');
}

/** Whether another key signs, or is to, for the same purpose; one that did, for a policy before, does not. */
function signsLike(key: SigningKey, other: SigningKey): boolean {
  const isSame = key.alg === other.alg && useOf(key) === useOf(other);
  return key.kid === other.kid || (isSame && (other.state === 'current' || other.state === 'next'));
}

/**
 * A key that an earlier version named by its thumbprint alone goes on signing under that name, and gets the other one beside it:
 * whoever holds an older JWK Set does not know that one yet.
 */
function adopted(stored: readonly SigningKey[], first: readonly SigningKey[]): readonly SigningKey[] {
  return first.flatMap((key): readonly SigningKey[] => {
    const older = stored.find(({ kid, keyId }) => keyId === key.keyId && kidFor(useOf(key), kid) === key.kid);
    if (!older) return [key];
    const { kid, createdAt } = older;
    const signing: SigningKey = { ...key, kid, ...(createdAt !== undefined && { createdAt, since: createdAt }) };
    return [signing, { ...key, state: 'next' }];
  });
}
