// The keys and aliases of the local KMS. I/O: files readable by their owner only, when a directory is given.

import {
  createPrivateKey,
  createSecretKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  randomUUID,
} from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const keySpecs = [
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_EDWARDS25519',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'HMAC_256',
  'SYMMETRIC_DEFAULT',
] as const;

export type KeySpec = (typeof keySpecs)[number];

export type KeyUsage = 'SIGN_VERIFY' | 'GENERATE_VERIFY_MAC' | 'ENCRYPT_DECRYPT';

/** Of those that KMS makes key pairs of. */
export type KeyPairSpec = Exclude<KeySpec, 'HMAC_256' | 'SYMMETRIC_DEFAULT'>;

/** The one usage that keys of this spec have here. */
export function usageOf(keySpec: KeySpec): KeyUsage {
  if (keySpec === 'SYMMETRIC_DEFAULT') return 'ENCRYPT_DECRYPT';
  return keySpec === 'HMAC_256' ? 'GENERATE_VERIFY_MAC' : 'SIGN_VERIFY';
}

/** A key. Times are milliseconds. */
export interface KmsKey {
  readonly id: string;
  readonly keySpec: KeySpec;
  readonly description: string;
  readonly policy?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly enabled: boolean;
  /** When a scheduled deletion is due, and how many days that was ahead. */
  readonly deletion?: { readonly at: number; readonly windowInDays: number };
  /** Of a key for MACs or for encryption, the secret. */
  readonly privateKey: KeyObject;
}

/** `name` begins with `alias/`. Times are milliseconds. */
export interface KmsAlias {
  readonly name: string;
  readonly targetKeyId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface KeyStore {
  readonly keys: () => readonly KmsKey[];
  readonly findKey: (id: string) => KmsKey | undefined;
  readonly putKey: (key: KmsKey) => void;
  readonly aliases: () => readonly KmsAlias[];
  readonly findAlias: (name: string) => KmsAlias | undefined;
  readonly putAlias: (alias: KmsAlias) => void;
  readonly removeAlias: (name: string) => void;
}

/** Opens the store; keys whose deletion is due are gone with their aliases. */
export function openKeyStore(directory: string | undefined, clock: () => number): KeyStore {
  const files = directory === undefined ? undefined : keyFiles(directory);
  const keys = new Map((files?.readKeys() ?? []).map((key) => [key.id, key]));
  const aliases = new Map((files?.readAliases() ?? []).map((alias) => [alias.name, alias]));
  const saveAliases = () => files?.writeAliases([...aliases.values()]);
  const dropDueKeys = () => {
    for (const { id, deletion } of keys.values()) {
      if (deletion === undefined || deletion.at > clock()) continue;
      keys.delete(id);
      files?.removeKey(id);
      for (const { name, targetKeyId } of aliases.values()) if (targetKeyId === id) aliases.delete(name);
      saveAliases();
    }
  };
  const current = <Value>(read: () => Value): Value => {
    dropDueKeys();
    return read();
  };
  return {
    keys: () => current(() => [...keys.values()]),
    findKey: (id) => current(() => keys.get(id)),
    putKey: (key) => {
      keys.set(key.id, key);
      files?.writeKey(key);
    },
    aliases: () => current(() => [...aliases.values()]),
    findAlias: (name) => current(() => aliases.get(name)),
    putAlias: (alias) => {
      aliases.set(alias.name, alias);
      saveAliases();
    },
    removeAlias: (name) => {
      aliases.delete(name);
      saveAliases();
    },
  };
}

const generate = promisify(generateKeyPair) as unknown as (
  type: string,
  options: Readonly<Record<string, unknown>>,
) => Promise<{ readonly privateKey: KeyObject }>;

/** A new, enabled key. RSA_4096 takes seconds. */
export async function generateKey(
  key: Pick<KmsKey, 'keySpec' | 'description' | 'tags' | 'createdAt'> & { readonly policy?: string },
): Promise<KmsKey> {
  return { ...key, id: randomUUID(), enabled: true, privateKey: await generateMaterial(key.keySpec) };
}

async function generateMaterial(keySpec: KeySpec): Promise<KeyObject> {
  if (keySpec === 'HMAC_256' || keySpec === 'SYMMETRIC_DEFAULT') return createSecretKey(randomBytes(32));
  return generatePair(keySpec);
}

/** The private half of a new pair. */
export async function generatePair(keySpec: KeyPairSpec): Promise<KeyObject> {
  const [type, options] = generation[keySpec];
  return (await generate(type, options)).privateKey;
}

const generation: Readonly<Record<KeyPairSpec, readonly [string, Readonly<Record<string, unknown>>]>> = {
  ECC_NIST_P256: ['ec', { namedCurve: 'P-256' }],
  ECC_NIST_P384: ['ec', { namedCurve: 'P-384' }],
  ECC_NIST_EDWARDS25519: ['ed25519', {}],
  RSA_2048: ['rsa', { modulusLength: 2048 }],
  RSA_3072: ['rsa', { modulusLength: 3072 }],
  RSA_4096: ['rsa', { modulusLength: 4096 }],
};

type StoredKey = Omit<KmsKey, 'privateKey'> & { readonly privateKey: string };

function keyFiles(directory: string) {
  const keysIn = join(directory, 'keys');
  const aliasFile = join(directory, 'aliases.json');
  mkdirSync(keysIn, { recursive: true, mode: 0o700 });
  const fileOf = (id: string) => join(keysIn, `${id}.json`);
  return {
    readKeys: () =>
      readdirSync(keysIn)
        .filter(isJson)
        .map((file) => restoreKey(readJson<StoredKey>(join(keysIn, file)))),
    writeKey: (key: KmsKey) => writeSecret(fileOf(key.id), storedKey(key)),
    removeKey: (id: string) => rmSync(fileOf(id), { force: true }),
    readAliases: () => (existsSync(aliasFile) ? readJson<readonly KmsAlias[]>(aliasFile) : []),
    writeAliases: (aliases: readonly KmsAlias[]) => writeSecret(aliasFile, aliases),
  };
}

const isJson = (file: string) => file.endsWith('.json');

function storedKey(key: KmsKey): StoredKey {
  const { privateKey } = key;
  const bytes =
    privateKey.type === 'secret' ? privateKey.export() : privateKey.export({ format: 'der', type: 'pkcs8' });
  return { ...key, privateKey: bytes.toString('base64') };
}

function restoreKey(stored: StoredKey): KmsKey {
  const bytes = Buffer.from(stored.privateKey, 'base64');
  const isSecret = usageOf(stored.keySpec) !== 'SIGN_VERIFY';
  const privateKey = isSecret ? createSecretKey(bytes) : createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
  return { ...stored, privateKey };
}

function readJson<Content>(file: string): Content {
  return JSON.parse(readFileSync(file, 'utf8')) as Content;
}

/** Written beside and renamed, so a crash leaves the old file or the new one. */
function writeSecret(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
