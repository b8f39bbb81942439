// Makes the KMS keys and aliases of the template, or finds those of an earlier start. I/O: KMS.
import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  KMSClient,
  NotFoundException,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import type { Physical } from './deployment.ts';
import type { ClientConfig, Provisioning } from './provision.ts';
import { asArray, asObject, asString, type Properties, resourcesOfType } from './stack-template.ts';

export interface KeysOptions extends Provisioning {
  readonly client: ClientConfig;
  /** Which store it is; resources remembered of another are not looked for here. */
  readonly store: string;
}

/** Makes every key, then every alias; what they became, by logical id, goes to `created`. */
export async function provisionKeys(options: KeysOptions): Promise<void> {
  const client = new KMSClient(options.client);
  try {
    const keys = resourcesOfType(options.template, 'AWS::KMS::Key');
    await Promise.all(keys.map(([id]) => provisionKey(client, options, id)));
    const aliases = resourcesOfType(options.template, 'AWS::KMS::Alias');
    await Promise.all(aliases.map(([id]) => provisionAlias(client, options, id)));
  } finally {
    client.destroy();
  }
}

async function provisionKey(client: KMSClient, options: KeysOptions, id: string): Promise<void> {
  // The key policy is no part of this: the emulator enforces none, and it may name resources nobody else does.
  const { KeyPolicy: _keyPolicy, ...declared } = options.template.Resources[id]?.Properties ?? {};
  const properties = asObject(options.resolve(declared), id);
  const madeWith = JSON.stringify([options.store, properties]);
  const earlier = options.state.find(id);
  const reused = earlier?.madeWith === madeWith && (await exists(client, earlier.ref)) ? earlier : undefined;
  const physical = reused ?? (await createKey(client, id, properties));
  options.created.set(id, physical);
  options.state.remember(id, { ...physical, madeWith });
}

async function createKey(client: KMSClient, id: string, properties: Properties): Promise<Physical> {
  const { Description, KeySpec, KeyUsage, MultiRegion } = properties;
  const input = {
    ...(Description !== undefined && { Description }),
    ...(KeySpec !== undefined && { KeySpec }),
    ...(KeyUsage !== undefined && { KeyUsage }),
    ...(MultiRegion !== undefined && { MultiRegion: String(MultiRegion) === 'true' }),
    Tags: asArray(properties.Tags, `${id}.Tags`).map((item) => {
      const { Key, Value } = asObject(item, `${id}.Tags`);
      return { TagKey: asString(Key, `${id}.Tags`), TagValue: asString(Value, `${id}.Tags`) };
    }),
  } as CreateKeyCommandInput;
  const { KeyMetadata } = await client.send(new CreateKeyCommand(input));
  const { KeyId = '', Arn = '' } = KeyMetadata ?? {};
  return { ref: KeyId, attributes: { KeyId, Arn } };
}

async function provisionAlias(client: KMSClient, options: KeysOptions, id: string): Promise<void> {
  const properties = asObject(options.resolve(options.template.Resources[id]?.Properties), id);
  const AliasName = asString(properties.AliasName, `${id}.AliasName`);
  const target = { AliasName, TargetKeyId: asString(properties.TargetKeyId, `${id}.TargetKeyId`) };
  const known = options.state.find(id) !== undefined;
  await client.send(known ? new UpdateAliasCommand(target) : new CreateAliasCommand(target));
  options.created.set(id, { ref: AliasName, attributes: {} });
  options.state.remember(id, { ref: AliasName, attributes: {}, madeWith: '' });
}

async function exists(client: KMSClient, keyId: string): Promise<boolean> {
  try {
    await client.send(new DescribeKeyCommand({ KeyId: keyId }));
    return true;
  } catch (error) {
    if (error instanceof NotFoundException) return false;
    throw error;
  }
}
