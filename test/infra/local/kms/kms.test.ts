import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountId, adminArn, errorName, kmsWorld, lambda, lambdaArn, region } from '../emulators.ts';

const day = 86_400_000;
const clock = { now: Date.UTC(2026, 0, 1) };
let world: Awaited<ReturnType<typeof kmsWorld>>;

beforeAll(async () => {
  world = await kmsWorld({ clock: () => clock.now });
});
afterAll(() => world.close());

async function newKey(extra: Partial<CreateKeyCommandInput> = {}, client = world.client): Promise<string> {
  const command = new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', ...extra });
  const { KeyMetadata } = await client.send(command);
  return KeyMetadata?.KeyId ?? '';
}

const sign = (KeyId: string) =>
  new SignCommand({ KeyId, Message: Buffer.from('m'), MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' });

const keyArn = (id: string) => `arn:aws:kms:${region}:${accountId}:key/${id}`;

describe('a key for MACs', () => {
  const algorithm = { MacAlgorithm: 'HMAC_SHA_256' } as const;
  const Message = Buffer.alloc(32, 7);

  it('makes MACs, and knows its own from others', async () => {
    const KeyId = await newKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    const { Mac = new Uint8Array() } = await world.client.send(
      new GenerateMacCommand({ KeyId, Message, ...algorithm }),
    );
    expect(Mac).toHaveLength(32);
    const verify = (changes: object, key = KeyId) =>
      world.client.send(new VerifyMacCommand({ KeyId: key, Message, Mac, ...algorithm, ...changes }));
    expect(await verify({})).toMatchObject({ MacValid: true, KeyId: keyArn(KeyId) });
    const other = await newKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    const invalid = 'KMSInvalidMacException';
    expect(await errorName(verify({ Message: Buffer.alloc(32, 8) }))).toBe(invalid);
    expect(await errorName(verify({ Mac: Mac.slice(1) }))).toBe(invalid);
    expect(await errorName(verify({}, other))).toBe(invalid);
    expect(await errorName(verify({ MacAlgorithm: 'HMAC_SHA_512' }))).toBe('InvalidKeyUsageException');
    await world.client.send(new DisableKeyCommand({ KeyId }));
    expect(await errorName(verify({}))).toBe('DisabledException');
  });

  it('signs nothing and has no public half, and no key that signs makes MACs', async () => {
    const KeyId = await newKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    const { KeyMetadata } = await world.client.send(new DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject({
      KeySpec: 'HMAC_256',
      KeyUsage: 'GENERATE_VERIFY_MAC',
      MacAlgorithms: ['HMAC_SHA_256'],
    });
    expect(KeyMetadata?.SigningAlgorithms).toBeUndefined();
    expect(await errorName(world.client.send(sign(KeyId)))).toBe('InvalidKeyUsageException');
    expect(await errorName(world.client.send(new GetPublicKeyCommand({ KeyId })))).toBe(
      'UnsupportedOperationException',
    );
    const signing = await newKey();
    const mac = new GenerateMacCommand({ KeyId: signing, Message, ...algorithm });
    expect(await errorName(world.client.send(mac))).toBe('InvalidKeyUsageException');
    expect(await errorName(newKey({ KeySpec: 'HMAC_256', KeyUsage: 'SIGN_VERIFY' }))).toBe('ValidationException');
  });
});

describe('a key of the local KMS', () => {
  it('is described by what it was created with', async () => {
    const id = await newKey({ Description: 'signs tokens' });
    const { KeyMetadata } = await world.client.send(new DescribeKeyCommand({ KeyId: id }));
    expect(KeyMetadata).toMatchObject({
      AWSAccountId: accountId,
      KeyId: id,
      Arn: keyArn(id),
      CreationDate: new Date(clock.now),
      Description: 'signs tokens',
      Enabled: true,
      KeyState: 'Enabled',
      KeyUsage: 'SIGN_VERIFY',
      KeySpec: 'ECC_NIST_P256',
      SigningAlgorithms: ['ECDSA_SHA_256'],
    });
  });

  it.each(['id', 'ARN', 'alias', 'alias ARN'])('is found by its %s', async (form) => {
    const id = await newKey();
    const alias = `alias/found-by-${form.replace(' ', '-')}`;
    await world.client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: id }));
    const aliasArn = `arn:aws:kms:${region}:${accountId}:${alias}`;
    const KeyId = { id, ARN: keyArn(id), alias, 'alias ARN': aliasArn }[form] ?? '';
    const answers = await Promise.all([
      world.client.send(new DescribeKeyCommand({ KeyId })),
      world.client.send(new GetPublicKeyCommand({ KeyId })),
      world.client.send(sign(KeyId)),
    ]);
    expect(answers.map((answer) => ('KeyMetadata' in answer ? answer.KeyMetadata?.Arn : answer))).toMatchObject([
      keyArn(id),
      { KeyId: keyArn(id) },
      { KeyId: keyArn(id) },
    ]);
    expect(await errorName(world.client.send(sign(`${KeyId}0`)))).toBe('NotFoundException');
  });

  it('signs and shows its public key only while it is enabled', async () => {
    const KeyId = await newKey();
    const uses = async () => [
      await errorName(world.client.send(sign(KeyId))),
      await errorName(world.client.send(new GetPublicKeyCommand({ KeyId }))),
    ];
    expect(await uses()).toEqual(['none', 'none']);
    await world.client.send(new DisableKeyCommand({ KeyId }));
    expect(await uses()).toEqual(['DisabledException', 'DisabledException']);
    await world.client.send(new EnableKeyCommand({ KeyId }));
    expect(await uses()).toEqual(['none', 'none']);
  });

  it('allows nothing but looking and cancelling while its deletion is pending', async () => {
    const KeyId = await newKey();
    const aliasName = 'alias/pending';
    const changes = () => [
      sign(KeyId),
      new GetPublicKeyCommand({ KeyId }),
      new EnableKeyCommand({ KeyId }),
      new DisableKeyCommand({ KeyId }),
      new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }),
      new UntagResourceCommand({ KeyId, TagKeys: ['a'] }),
      new CreateAliasCommand({ AliasName: aliasName, TargetKeyId: KeyId }),
      new UpdateAliasCommand({ AliasName: aliasName, TargetKeyId: KeyId }),
      new ScheduleKeyDeletionCommand({ KeyId }),
    ];
    // TypeScript has no common type for the commands of a client.
    const send = (command: unknown) => errorName(world.client.send(command as SignCommand));
    expect(await errorName(world.client.send(new CancelKeyDeletionCommand({ KeyId })))).toBe(
      'KMSInvalidStateException',
    );
    const before = [];
    for (const change of changes()) {
      if (change instanceof DisableKeyCommand || change instanceof EnableKeyCommand) continue;
      before.push(await send(change));
    }
    expect(new Set(before)).toEqual(new Set(['none']));
    const after = [];
    for (const change of changes()) after.push(await send(change));
    expect(new Set(after)).toEqual(new Set(['KMSInvalidStateException']));
    expect(await send(new ListResourceTagsCommand({ KeyId }))).toBe('none');
    const { KeyMetadata } = await world.client.send(new DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject({ KeyState: 'PendingDeletion', DeletionDate: new Date(clock.now + 30 * day) });
  });

  it('comes back disabled when its deletion is cancelled, and is gone with its aliases when it is due', async () => {
    const [kept, lost] = [await newKey(), await newKey()];
    await world.client.send(new CreateAliasCommand({ AliasName: 'alias/lost', TargetKeyId: lost }));
    for (const KeyId of [kept, lost]) {
      const command = new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 });
      expect(await world.client.send(command)).toMatchObject({
        KeyState: 'PendingDeletion',
        DeletionDate: new Date(clock.now + 7 * day),
      });
    }
    await world.client.send(new CancelKeyDeletionCommand({ KeyId: kept }));
    clock.now += 7 * day - 1;
    expect(await errorName(world.client.send(sign(lost)))).toBe('KMSInvalidStateException');
    clock.now += 1;
    expect(await errorName(world.client.send(sign(lost)))).toBe('NotFoundException');
    expect(await errorName(world.client.send(new DescribeKeyCommand({ KeyId: 'alias/lost' })))).toBe(
      'NotFoundException',
    );
    expect(await errorName(world.client.send(sign(kept)))).toBe('DisabledException');
  });

  it('carries tags that can be added, changed and removed', async () => {
    const KeyId = await newKey({ Tags: [{ TagKey: 'cambio:keyring', TagValue: 'demo' }] });
    const TagKey = 'state';
    await world.client.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey, TagValue: 'next' }] }));
    await world.client.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey, TagValue: 'current' }] }));
    const tags = async () => (await world.client.send(new ListResourceTagsCommand({ KeyId }))).Tags;
    expect(await tags()).toEqual([
      { TagKey: 'cambio:keyring', TagValue: 'demo' },
      { TagKey, TagValue: 'current' },
    ]);
    await world.client.send(new UntagResourceCommand({ KeyId, TagKeys: [TagKey] }));
    expect(await tags()).toEqual([{ TagKey: 'cambio:keyring', TagValue: 'demo' }]);
  });
});

describe('an alias of the local KMS', () => {
  it('moves from key to key and goes', async () => {
    const [first, second] = [await newKey(), await newKey()];
    const AliasName = 'alias/current';
    const target = async () => {
      const { KeyMetadata } = await world.client.send(new DescribeKeyCommand({ KeyId: AliasName }));
      return KeyMetadata?.KeyId;
    };
    await world.client.send(new CreateAliasCommand({ AliasName, TargetKeyId: first }));
    expect(await target()).toBe(first);
    await world.client.send(new UpdateAliasCommand({ AliasName, TargetKeyId: second }));
    expect(await target()).toBe(second);
    const { Aliases } = await world.client.send(new ListAliasesCommand({ KeyId: second }));
    expect(Aliases).toMatchObject([{ AliasName, TargetKeyId: second }]);
    await world.client.send(new DeleteAliasCommand({ AliasName }));
    expect(await errorName(target())).toBe('NotFoundException');
  });
});

describe('the local KMS', () => {
  it('lists all keys in pages', async () => {
    const { Keys: all = [] } = await world.client.send(new ListKeysCommand({}));
    const paged = [];
    let marker: string | undefined;
    do {
      const page = await world.client.send(new ListKeysCommand({ Limit: 2, Marker: marker }));
      expect(page.Truncated).toBe(page.NextMarker !== undefined);
      paged.push(...(page.Keys ?? []));
      marker = page.NextMarker;
    } while (marker);
    expect(all.length).toBeGreaterThan(2);
    expect(paged).toEqual(all);
  });

  it('records who did what to which key under which conditions', async () => {
    const KeyId = await newKey({ Tags: [{ TagKey: 'cambio:keyring', TagValue: 'demo' }] });
    const created = world.calls.splice(0).slice(-2);
    expect(created.map(({ action, resource, principal }) => [action, resource, principal])).toEqual([
      ['kms:CreateKey', '*', adminArn],
      ['kms:TagResource', '*', adminArn],
    ]);
    const client = new KMSClient({ endpoint: world.service.url, region, credentials: lambda });
    await client.send(sign(KeyId));
    expect(world.calls).toEqual([
      {
        at: clock.now,
        service: 'kms',
        principal: lambdaArn,
        action: 'kms:Sign',
        resource: keyArn(KeyId),
        context: {
          'aws:ResourceTag/cambio:keyring': 'demo',
          'kms:KeySpec': 'ECC_NIST_P256',
          'kms:KeyUsage': 'SIGN_VERIFY',
          'kms:MessageType': 'RAW',
          'kms:SigningAlgorithm': 'ECDSA_SHA_256',
        },
      },
    ]);
  });

  it('records calls that fail, and none of strangers', async () => {
    world.calls.splice(0);
    await errorName(world.client.send(sign('no-such-key')));
    expect(world.calls).toMatchObject([{ action: 'kms:Sign', resource: keyArn('no-such-key') }]);
    world.calls.splice(0);
    const credentials = { ...lambda, accessKeyId: 'ASIASTRANGERSTRANGE1' };
    const stranger = new KMSClient({ endpoint: world.service.url, region, credentials });
    expect(await errorName(stranger.send(sign('no-such-key')))).toBe('UnrecognizedClientException');
    expect(world.calls).toEqual([]);
  });

  it('fails as told before it works', async () => {
    const KeyId = await newKey();
    world.faults.inject = ({ action }) =>
      action === 'kms:Sign' ? { code: 'KMSInternalException', status: 500 } : undefined;
    const failure = await world.client.send(sign(KeyId)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'KMSInternalException', $metadata: { httpStatusCode: 500 } });
    expect(await errorName(world.client.send(new DescribeKeyCommand({ KeyId })))).toBe('none');
    world.faults.inject = () => ({ delayMs: 1 });
    expect(await errorName(world.client.send(sign(KeyId)))).toBe('none');
    world.faults.inject = () => undefined;
  });

  it('does not read bodies over a megabyte', async () => {
    const description = (length: number) => ({ KeySpec: 'ECC_NIST_P256', Description: 'd'.repeat(length) });
    expect((await world.raw('CreateKey', description(1_000_000))).code).toBe('ValidationException');
    expect((await world.raw('CreateKey', description(2_000_000))).status).toBe(413);
  });

  it('does not start on a port that is taken', async () => {
    const port = Number(new URL(world.service.url).port);
    await expect(kmsWorld({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const other = await kmsWorld({ port: 0 });
    expect(other.service.url).not.toBe(world.service.url);
    await other.close();
  });

  it('keeps keys, aliases and states in files only their owner reads', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cambio-kms-'));
    try {
      const first = await kmsWorld({ directory });
      const KeyId = await newKey({ Tags: [{ TagKey: 'a', TagValue: 'b' }] }, first.client);
      await first.client.send(new CreateAliasCommand({ AliasName: 'alias/kept', TargetKeyId: KeyId }));
      const before = await first.client.send(new GetPublicKeyCommand({ KeyId }));
      await first.client.send(new DisableKeyCommand({ KeyId }));
      await first.close();
      const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(files.length).toBe(2);
      for (const file of files) expect(statSync(join(file.parentPath, file.name)).mode & 0o777).toBe(0o600);
      const second = await kmsWorld({ directory });
      expect(await errorName(second.client.send(sign('alias/kept')))).toBe('DisabledException');
      await second.client.send(new EnableKeyCommand({ KeyId }));
      const after = await second.client.send(new GetPublicKeyCommand({ KeyId: 'alias/kept' }));
      expect(after.PublicKey).toEqual(before.PublicKey);
      expect((await second.client.send(new ListResourceTagsCommand({ KeyId }))).Tags).toEqual([
        { TagKey: 'a', TagValue: 'b' },
      ]);
      await second.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
