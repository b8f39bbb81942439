// The first keyring, at deploy: the template's keys, and whatever a later template adds. Calls DynamoDB and KMS.
import { type Keyring, kidFor, type SigningKey, useOf } from '../../oauth/jose/keyring.ts';
import { type MadeKey, ordered } from '../../oauth/keys/rotation.ts';
import { type KeyPurpose, keyUses } from '../../policy/key-purposes.ts';
import { createKeyringStore, findKeyringItem, type KeyringStoreOptions, writeKeyring } from './keyring.ts';

export type TemplateKey = KeyPurpose & Pick<SigningKey, 'keyId'>;

/**
 * The first keyring: one current key for each purpose that is wanted.
 * @param keys the template's `[{ keyId, alg, use }]`
 * @param at epoch seconds
 * @param isWanted of the others KMS is asked nothing: a key that has rotated is disabled, and tells its public half to nobody
 * @throws TypeError when `keys` has another shape
 */
export async function makeFirstKeyring(
  keys: unknown,
  at: number,
  keyOf: (key: TemplateKey) => Promise<MadeKey>,
  isWanted: (purpose: KeyPurpose) => boolean = () => true,
): Promise<Keyring> {
  if (!Array.isArray(keys) || !keys.every(isTemplateKey))
    throw new TypeError('Keys must be a list of {keyId, alg, use}');
  const signingKeys: SigningKey[] = [];
  // One after the other: of RSA pairs KMS makes one a second.
  for (const key of keys.filter(isWanted)) {
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

/** Makes the template's keys for the purposes that are wanted. */
export type MakeFirst = (isWanted: (purpose: KeyPurpose) => boolean) => Promise<Keyring>;

/**
 * Writes the first keyring; into one that is already there it adds keys only for purposes it has none for, as when a
 * policy starts to use another algorithm. What rotation has made of the others stays.
 * @param isUpgrade of a deployment whose keyring had no MAC: of what is stored nothing is believed but names of the template's keys
 * @throws Error when the keyring does not verify, or changes meanwhile; CloudFormation then reports a failed resource
 */
export async function seedKeyring(options: KeyringStoreOptions, make: MakeFirst, isUpgrade: boolean): Promise<void> {
  const stored = await findKeyringItem(options.call, options.table);
  if (stored === undefined) return unlessChanged(writeKeyring(options, (await make(every)).keys, undefined));
  if (isUpgrade && stored !== 'malformed') {
    return unlessChanged(writeKeyring(options, adopted(stored.keys, (await make(every)).keys), stored));
  }
  const store = createKeyringStore(options);
  const item = await store.read();
  const made = await make((purpose) => !item.keys.some((key) => signsFor(key, purpose)));
  const added = made.keys.filter(({ kid }) => !item.keys.some((key) => key.kid === kid));
  if (added.length > 0) await unlessChanged(store.replace(item, ordered([...item.keys, ...added])));
}

const every = (): boolean => true;

async function unlessChanged(written: Promise<boolean>): Promise<void> {
  if (!(await written)) throw new Error('the keyring changed meanwhile');
}

/** Whether it signs for the purpose, or is to; one that did, for a policy before, does not. */
function signsFor(key: SigningKey, { alg, use }: KeyPurpose): boolean {
  return key.alg === alg && useOf(key) === use && (key.state === 'current' || key.state === 'next');
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
