// Every limit of the local KMS, each beside a request that differs in one thing and is accepted.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountId, kmsWorld, region } from '../emulators.ts';

let world: Awaited<ReturnType<typeof kmsWorld>>;
const keys = { p256: '', rsa: '', ed25519: '' };

beforeAll(async () => {
  world = await kmsWorld();
  [keys.p256, keys.rsa, keys.ed25519] = (await Promise.all(
    (['ECC_NIST_P256', 'RSA_2048', 'ECC_NIST_EDWARDS25519'] as const).map(newKey),
  )) as [string, string, string];
});
afterAll(() => world.close());

async function newKey(KeySpec: string): Promise<string> {
  const { text } = await world.raw('CreateKey', { KeySpec, KeyUsage: 'SIGN_VERIFY' });
  return (JSON.parse(text) as { readonly KeyMetadata: { readonly KeyId: string } }).KeyMetadata.KeyId;
}

type Input = Readonly<Record<string, unknown>>;

interface Limit {
  readonly limit: string;
  readonly operation: string;
  /** Made anew for each request. */
  readonly input: () => Input | Promise<Input>;
  readonly accepted?: Input;
  readonly refused: Input;
  readonly code?: string;
}

const bytes = (length: number) => Buffer.alloc(length, 7).toString('base64');
const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ TagKey: `k${index}`, TagValue: '' }));
const tag = (TagKey: string, TagValue = '') => ({ Tags: [{ TagKey, TagValue }] });

const sign = () => ({ KeyId: keys.p256, Message: bytes(1), MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' });
const digest = () => ({ ...sign(), Message: bytes(32), MessageType: 'DIGEST' });
const rsa = () => ({ ...digest(), KeyId: keys.rsa, SigningAlgorithm: 'RSASSA_PSS_SHA_256' });
const ed25519 = () => ({ ...sign(), KeyId: keys.ed25519, SigningAlgorithm: 'ED25519_SHA_512' });
const ed25519ph = () => ({
  ...ed25519(),
  Message: bytes(64),
  MessageType: 'DIGEST',
  SigningAlgorithm: 'ED25519_PH_SHA_512',
});
const signed = async () => {
  const { text } = await world.raw('Sign', sign());
  return { ...sign(), Signature: (JSON.parse(text) as { readonly Signature: string }).Signature };
};
const create = () => ({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
const freshKey = async () => ({ KeyId: await newKey('ECC_NIST_P256') });
const alias = (name: string) => () => ({ AliasName: name, TargetKeyId: keys.p256 });

const limits: readonly Limit[] = [
  {
    limit: 'a RAW message of at most 4096 bytes',
    operation: 'Sign',
    input: sign,
    accepted: { Message: bytes(4096) },
    refused: { Message: bytes(4097) },
  },
  { limit: 'a message of at least one byte', operation: 'Sign', input: sign, refused: { Message: '' } },
  {
    limit: 'a message in base64',
    operation: 'Sign',
    input: sign,
    refused: { Message: '%%%%' },
    code: 'SerializationException',
  },
  {
    limit: 'a message in padded base64',
    operation: 'Sign',
    input: sign,
    refused: { Message: 'AA' },
    code: 'SerializationException',
  },
  { limit: 'a known message type', operation: 'Sign', input: sign, refused: { MessageType: 'TEXT' } },
  { limit: 'EXTERNAL_MU for ML-DSA only', operation: 'Sign', input: sign, refused: { MessageType: 'EXTERNAL_MU' } },
  { limit: 'a known algorithm', operation: 'Sign', input: sign, refused: { SigningAlgorithm: 'ECDSA_SHA_1' } },
  {
    limit: "an algorithm of the key's curve",
    operation: 'Sign',
    input: sign,
    refused: { SigningAlgorithm: 'ECDSA_SHA_384' },
    code: 'InvalidKeyUsageException',
  },
  {
    limit: "an algorithm of the key's kind",
    operation: 'Sign',
    input: sign,
    refused: { SigningAlgorithm: 'RSASSA_PSS_SHA_256' },
    code: 'InvalidKeyUsageException',
  },
  { limit: 'no shorter digest than the hash', operation: 'Sign', input: digest, refused: { Message: bytes(31) } },
  { limit: 'no longer digest than the hash', operation: 'Sign', input: digest, refused: { Message: bytes(33) } },
  { limit: "the digest of RSA's own hash", operation: 'Sign', input: rsa, refused: { Message: bytes(48) } },
  {
    limit: 'RAW for ED25519_SHA_512',
    operation: 'Sign',
    input: ed25519,
    refused: { Message: bytes(64), MessageType: 'DIGEST' },
  },
  { limit: 'DIGEST for ED25519_PH_SHA_512', operation: 'Sign', input: ed25519ph, refused: { MessageType: 'RAW' } },
  { limit: '64 bytes for ED25519_PH_SHA_512', operation: 'Sign', input: ed25519ph, refused: { Message: bytes(32) } },
  { limit: 'a signature to verify', operation: 'Verify', input: signed, refused: { Signature: null } },
  {
    limit: 'a signature of at most 6144 bytes',
    operation: 'Verify',
    input: signed,
    refused: { Signature: bytes(6145) },
  },
  {
    limit: 'the right signature',
    operation: 'Verify',
    input: signed,
    refused: { Signature: bytes(70) },
    code: 'KMSInvalidSignatureException',
  },
  { limit: 'a key id', operation: 'Sign', input: sign, refused: { KeyId: null } },
  {
    limit: 'a key id of at most 2048 characters',
    operation: 'Sign',
    input: sign,
    refused: { KeyId: 'k'.repeat(2049) },
  },
  {
    limit: 'a key id that is a string',
    operation: 'Sign',
    input: sign,
    refused: { KeyId: 7 },
    code: 'SerializationException',
  },
  {
    limit: 'a key id of a known form',
    operation: 'Sign',
    input: sign,
    refused: { KeyId: 'signing' },
    code: 'NotFoundException',
  },
  {
    limit: 'an alias that exists',
    operation: 'Sign',
    input: sign,
    refused: { KeyId: 'alias/none' },
    code: 'NotFoundException',
  },
  {
    limit: 'a well-formed ARN',
    operation: 'Sign',
    input: sign,
    refused: { KeyId: `arn:aws:kms:${region}:key` },
    code: 'InvalidArnException',
  },
  {
    limit: 'a key of this account',
    operation: 'Sign',
    input: sign,
    refused: { KeyId: `arn:aws:kms:${region}:999999999999:key/1` },
    code: 'AccessDeniedException',
  },
  { limit: 'only members it knows', operation: 'Sign', input: sign, refused: { Extra: 1 } },
  {
    limit: 'at most ten grant tokens',
    operation: 'Sign',
    input: sign,
    accepted: { GrantTokens: [] },
    refused: { GrantTokens: Array(11).fill('g') },
  },
  {
    limit: 'grant tokens that were issued',
    operation: 'Sign',
    input: sign,
    accepted: { GrantTokens: [] },
    refused: { GrantTokens: ['g'] },
    code: 'InvalidGrantTokenException',
  },
  {
    limit: 'no work in a dry run',
    operation: 'Sign',
    input: sign,
    accepted: { DryRun: false },
    refused: { DryRun: true },
    code: 'DryRunOperationException',
  },
  {
    limit: 'a boolean dry run',
    operation: 'Sign',
    input: sign,
    accepted: { DryRun: false },
    refused: { DryRun: 'false' },
    code: 'SerializationException',
  },
  { limit: 'a known key spec', operation: 'CreateKey', input: create, refused: { KeySpec: 'P-256' } },
  {
    limit: 'a key spec it can make',
    operation: 'CreateKey',
    input: create,
    refused: { KeySpec: 'ECC_SECG_P256K1' },
    code: 'UnsupportedOperationException',
  },
  {
    limit: 'no RSA keys for encryption',
    operation: 'CreateKey',
    input: create,
    refused: { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
    code: 'UnsupportedOperationException',
  },
  { limit: 'a key usage', operation: 'CreateKey', input: create, refused: { KeyUsage: null } },
  {
    limit: 'a usage that fits the key',
    operation: 'CreateKey',
    input: create,
    refused: { KeyUsage: 'ENCRYPT_DECRYPT' },
  },
  {
    limit: 'one of KeySpec and CustomerMasterKeySpec',
    operation: 'CreateKey',
    input: create,
    refused: { CustomerMasterKeySpec: 'ECC_NIST_P256' },
  },
  {
    limit: 'key material of its own',
    operation: 'CreateKey',
    input: create,
    accepted: { Origin: 'AWS_KMS' },
    refused: { Origin: 'EXTERNAL' },
    code: 'UnsupportedOperationException',
  },
  {
    limit: 'no custom key store',
    operation: 'CreateKey',
    input: create,
    refused: { CustomKeyStoreId: 'cks-1' },
    code: 'UnsupportedOperationException',
  },
  {
    limit: 'grant tokens that were issued',
    operation: 'DescribeKey',
    input: freshKey,
    accepted: { GrantTokens: [] },
    refused: { GrantTokens: ['g'] },
    code: 'InvalidGrantTokenException',
  },
  {
    limit: 'reserved tags left alone',
    operation: 'UntagResource',
    input: freshKey,
    accepted: { TagKeys: ['k'] },
    refused: { TagKeys: ['aws:k'] },
    code: 'TagException',
  },
  {
    limit: 'keys of one region',
    operation: 'CreateKey',
    input: create,
    accepted: { MultiRegion: false },
    refused: { MultiRegion: true },
    code: 'UnsupportedOperationException',
  },
  {
    limit: 'a description of at most 8192 characters',
    operation: 'CreateKey',
    input: create,
    accepted: { Description: 'd'.repeat(8192) },
    refused: { Description: 'd'.repeat(8193) },
  },
  {
    limit: 'a policy of at most 32768 characters',
    operation: 'CreateKey',
    input: create,
    accepted: { Policy: '{}'.padEnd(32_768) },
    refused: { Policy: '{}'.padEnd(32_769) },
  },
  {
    limit: 'a policy in JSON',
    operation: 'CreateKey',
    input: create,
    accepted: { Policy: '{}' },
    refused: { Policy: '{' },
    code: 'MalformedPolicyDocumentException',
  },
  {
    limit: 'a policy in Latin-1',
    operation: 'CreateKey',
    input: create,
    accepted: { Policy: '{"Id":"ÿ"}' },
    refused: { Policy: '{"Id":"Ā"}' },
  },
  {
    limit: 'at most 50 tags',
    operation: 'CreateKey',
    input: create,
    accepted: { Tags: tags(50) },
    refused: { Tags: tags(51) },
  },
  {
    limit: 'a tag key of at most 128 characters',
    operation: 'CreateKey',
    input: create,
    accepted: tag('k'.repeat(128)),
    refused: tag('k'.repeat(129)),
  },
  { limit: 'a tag key', operation: 'CreateKey', input: create, accepted: tag('k'), refused: tag('') },
  {
    limit: 'a tag value of at most 256 characters',
    operation: 'CreateKey',
    input: create,
    accepted: tag('k', 'v'.repeat(256)),
    refused: tag('k', 'v'.repeat(257)),
  },
  {
    limit: 'the characters of tags',
    operation: 'CreateKey',
    input: create,
    accepted: tag('ключ: a+b=c@d', '1 _./'),
    refused: tag('k', '*'),
  },
  {
    limit: 'no reserved tags',
    operation: 'CreateKey',
    input: create,
    accepted: tag('awsome:k'),
    refused: tag('aws:k'),
    code: 'TagException',
  },
  {
    limit: 'a tag only once',
    operation: 'CreateKey',
    input: create,
    accepted: { Tags: [...tag('a').Tags, ...tag('A').Tags] },
    refused: { Tags: [...tag('a').Tags, ...tag('a').Tags] },
    code: 'TagException',
  },
  {
    limit: 'whole tags',
    operation: 'TagResource',
    input: freshKey,
    accepted: tag('k'),
    refused: { Tags: [{ TagKey: 'k' }] },
  },
  {
    limit: 'at most 50 tags on a key',
    operation: 'TagResource',
    input: async () => {
      const key = await freshKey();
      await world.raw('TagResource', { ...key, Tags: tags(49) });
      return key;
    },
    accepted: tag('one'),
    refused: { Tags: [...tag('one').Tags, ...tag('two').Tags] },
    code: 'LimitExceededException',
  },
  {
    limit: 'keys, not aliases, where a key changes',
    operation: 'DisableKey',
    input: freshKey,
    refused: { KeyId: 'alias/any' },
    code: 'NotFoundException',
  },
  {
    limit: 'a deletion at least 7 days ahead',
    operation: 'ScheduleKeyDeletion',
    input: freshKey,
    accepted: { PendingWindowInDays: 7 },
    refused: { PendingWindowInDays: 6 },
  },
  {
    limit: 'a deletion at most 30 days ahead',
    operation: 'ScheduleKeyDeletion',
    input: freshKey,
    accepted: { PendingWindowInDays: 30 },
    refused: { PendingWindowInDays: 31 },
  },
  {
    limit: 'a deletion in whole days',
    operation: 'ScheduleKeyDeletion',
    input: freshKey,
    accepted: { PendingWindowInDays: 8 },
    refused: { PendingWindowInDays: 8.5 },
    code: 'SerializationException',
  },
  {
    limit: 'an alias that begins with alias/',
    operation: 'CreateAlias',
    input: alias('alias/a1'),
    refused: { AliasName: 'a1' },
  },
  {
    limit: 'an alias of at most 256 characters',
    operation: 'CreateAlias',
    input: alias('alias/a2'),
    accepted: { AliasName: 'alias/'.padEnd(256, 'a') },
    refused: { AliasName: 'alias/'.padEnd(257, 'a') },
  },
  {
    limit: 'the characters of aliases',
    operation: 'CreateAlias',
    input: alias('alias/a3'),
    refused: { AliasName: 'alias/a b' },
  },
  {
    limit: 'no colon in an alias',
    operation: 'CreateAlias',
    input: alias('alias/a4'),
    refused: { AliasName: 'alias/a:b' },
  },
  {
    limit: "no alias of AWS's own",
    operation: 'CreateAlias',
    input: alias('alias/a5'),
    refused: { AliasName: 'alias/aws/a5' },
    code: 'NotAuthorizedException',
  },
  {
    limit: 'an alias of a key',
    operation: 'CreateAlias',
    input: alias('alias/a6'),
    refused: { AliasName: 'alias/a7', TargetKeyId: 'alias/a6' },
  },
  {
    limit: 'a new alias',
    operation: 'CreateAlias',
    input: alias('alias/a8'),
    refused: {},
    code: 'AlreadyExistsException',
  },
  {
    limit: 'the update of an alias that exists',
    operation: 'UpdateAlias',
    input: alias('alias/a8'),
    refused: { AliasName: 'alias/none' },
    code: 'NotFoundException',
  },
  {
    limit: 'a page of at most 1000 keys',
    operation: 'ListKeys',
    input: () => ({}),
    accepted: { Limit: 1000 },
    refused: { Limit: 1001 },
  },
  {
    limit: 'a page of at least one key',
    operation: 'ListKeys',
    input: () => ({}),
    accepted: { Limit: 1 },
    refused: { Limit: 0 },
  },
  {
    limit: 'a marker it made',
    operation: 'ListKeys',
    input: () => ({}),
    refused: { Marker: 'here' },
    code: 'InvalidMarkerException',
  },
  {
    limit: 'a page of at most 100 aliases',
    operation: 'ListAliases',
    input: () => ({}),
    accepted: { Limit: 100 },
    refused: { Limit: 101 },
  },
  {
    limit: 'a page of at most 50 tags',
    operation: 'ListResourceTags',
    input: freshKey,
    accepted: { Limit: 50 },
    refused: { Limit: 51 },
  },
];

describe('the local KMS wants', () => {
  it.each(limits)('$limit ($operation)', async ({
    operation,
    input,
    accepted = {},
    refused,
    code = 'ValidationException',
  }) => {
    const good = await world.raw(operation, { ...(await input()), ...accepted });
    expect([good.status, good.code]).toEqual([200, undefined]);
    const bad = await world.raw(operation, { ...(await input()), ...refused });
    expect([bad.status, bad.code]).toEqual([400, code]);
  });

  it('a key of this region', async () => {
    const arnIn = (name: string) => ({ ...sign(), KeyId: `arn:aws:kms:${name}:${accountId}:key/${keys.p256}` });
    expect((await world.raw('Sign', arnIn(region))).code).toBeUndefined();
    expect((await world.raw('Sign', arnIn('us-east-1'))).code).toBe('NotFoundException');
  });

  it('at most 50 aliases of a key', async () => {
    const { KeyId: TargetKeyId } = await freshKey();
    const codes = [];
    for (let index = 0; index < 51; index += 1) {
      codes.push((await world.raw('CreateAlias', { AliasName: `alias/many-${index}`, TargetKeyId })).code);
    }
    expect(codes).toEqual([...Array(50).fill(undefined), 'LimitExceededException']);
    await world.raw('CreateAlias', { AliasName: 'alias/one-more', TargetKeyId: keys.p256 });
    const move = (AliasName: string) => world.raw('UpdateAlias', { AliasName, TargetKeyId });
    expect((await move('alias/many-0')).code).toBeUndefined();
    expect((await move('alias/one-more')).code).toBe('LimitExceededException');
  });

  it('an operation it knows', async () => {
    expect((await world.raw('ListKeys', {})).code).toBeUndefined();
    expect((await world.raw('Encrypt', {})).code).toBe('UnknownOperationException');
    expect((await world.raw('toString', {})).code).toBe('UnknownOperationException');
  });

  it('a JSON object', async () => {
    expect((await world.raw('ListKeys', {})).code).toBeUndefined();
    expect((await world.raw('ListKeys', [])).code).toBe('SerializationException');
  });

  it('and says what is wrong as AWS does', async () => {
    const { text } = await world.raw('Sign', { ...sign(), Message: bytes(4097), KeyId: null });
    expect(JSON.parse(text)).toEqual({
      __type: 'ValidationException',
      message:
        "2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
        "Value at 'message' failed to satisfy constraint: Member must have length less than or equal to 4096",
    });
  });
});
