// The first KMS signing keys of each purpose, and the right to sign with every key of this keyring, those made later included.
import { Aws, Duration, Fn, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { SigningAlgorithm } from '../../shared/policy/compiled-policy.ts';
import { type KeyPurpose, type KeyUse, keySpecs, keyUses, tokenAlgorithms } from '../../shared/policy/key-purposes.ts';
import type { SignersText } from '../../shared/policy/signing-key-policy.ts';
import { onlyThese } from '../only-these.ts';

/** Key tags that the right to sign hangs on; rotation gives them to the keys it makes. */
const keyringTag = 'cambio:keyring';
const useTag = 'cambio:use';

/** KMS's name of each JWS algorithm. */
const signingNames: Readonly<Record<SigningAlgorithm, string>> = {
  ES256: 'ECDSA_SHA_256',
  ES384: 'ECDSA_SHA_384',
  RS256: 'RSASSA_PKCS1_V1_5_SHA_256',
  PS256: 'RSASSA_PSS_SHA_256',
  Ed25519: 'ED25519_SHA_512',
};

/** What the keys of a use sign, as their descriptions say it. */
const signed: Readonly<Record<KeyUse, string>> = {
  token: 'tokens',
  answer: 'introspection answers and client assertions',
  status: 'status lists',
  session: 'web identities for STS',
};

/** Of every stack, whatever its policy. */
function isAlways({ use, alg }: KeyPurpose): boolean {
  return use === 'token' && tokenAlgorithms.some((always) => always === alg);
}

/**
 * Keys outlive the stack. Those of every stack come with its first deployment, and go when that fails. A key added later
 * stays even then: the keyring outlives the rollback, and may name it already.
 */
function removalPolicyOf(purpose: KeyPurpose): RemovalPolicy {
  return isAlways(purpose) ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.RETAIN;
}

export interface SigningKey extends KeyPurpose {
  readonly key: Key;
}

export interface SigningKeysProps {
  /** Of the policy, in a fixed order. */
  readonly purposes: readonly KeyPurpose[];
  readonly signing: SigningMode;
}

/**
 * Where private keys are: `kms` signs each token in KMS; with `envelope` KMS is asked once when a function's environment starts, and
 * the key is in that environment's memory.
 */
export type SigningMode = 'kms' | 'envelope';

/** Roles of the functions that may sign for each use. */
export type Signers = Readonly<Record<KeyUse, readonly IRole[]>>;

export class SigningKeys extends Construct {
  readonly keys: readonly SigningKey[];
  /** Value of {@link keyringTag} on every key of this construct. */
  readonly keyring: string;

  /** Makes the MAC of the keyring item. */
  readonly mac: Key;
  /** Seals the keys that sign, in mode `envelope`. */
  readonly wrapping: Key | undefined;
  private readonly purposes: readonly KeyPurpose[];

  constructor(scope: Construct, id: string, { purposes, signing }: SigningKeysProps) {
    super(scope, id);
    // A stack id is at most 228 characters and a tag value 256: the node's address is cut to fit.
    this.keyring = `${Aws.STACK_ID}/${this.node.addr.slice(0, 16)}`;
    this.purposes = purposes;
    const isSealed = signing === 'envelope';
    this.keys = isSealed ? [] : purposes.map((purpose) => ({ ...purpose, key: this.makeKey(purpose) }));
    this.mac = this.makeMacKey();
    this.wrapping = isSealed ? this.makeWrappingKey() : undefined;
  }

  /** The template's `[{ keyId, alg, use }]` of the first keyring. */
  get first(): readonly (KeyPurpose & { readonly keyId: string })[] {
    const { wrapping } = this;
    if (wrapping) return this.purposes.map((purpose) => ({ keyId: wrapping.keyArn, ...purpose }));
    return this.keys.map(({ alg, use, key }) => ({ keyId: key.keyArn, alg, use }));
  }

  /** Allows to sign for one use: to open its keys, too, where they are sealed. A keyring from before that has keys in KMS. */
  signStatements(use: KeyUse): readonly PolicyStatement[] {
    return [this.signStatement(use), ...(this.wrapping ? [openStatement(this.wrapping, use)] : [])];
  }

  /** With the keys of this keyring, by tag: rotation makes keys no template knows. */
  private signStatement(use: KeyUse): PolicyStatement {
    const algorithms = this.purposes.filter((purpose) => purpose.use === use).map(({ alg }) => signingNames[alg]);
    return new PolicyStatement({
      actions: ['kms:Sign'],
      resources: [this.anyKey()],
      conditions: {
        StringEquals: {
          [`aws:ResourceTag/${keyringTag}`]: this.keyring,
          [`aws:ResourceTag/${useTag}`]: use,
          'kms:SigningAlgorithm': algorithms,
          // Whole messages only: a digest could be one of anything.
          'kms:MessageType': 'RAW',
        },
      },
    });
  }

  /** Allows to have the first keys: to read the public halves of the template's, or to make sealed ones. */
  firstStatement(): PolicyStatement {
    if (this.wrapping) return makeSealedStatement(this.wrapping);
    return new PolicyStatement({ actions: ['kms:GetPublicKey'], resources: this.keys.map(({ key }) => key.keyArn) });
  }

  /**
   * Nobody but these signs with the keys of a use, whatever IAM allows whom: a signature is a token. An administrator who has to
   * do so anyway first takes this out of the key policy, which CloudTrail shows.
   */
  allowOnly(signers: Signers): void {
    for (const { use, key } of this.keys) key.addToResourcePolicy(onlySign(signers[use]));
    for (const use of keyUses) this.wrapping?.addToResourcePolicy(onlyOpen(use, signers[use]));
  }

  /** Nobody but these makes the MAC of the keyring: whoever does says which keys are ours. */
  sealOnly(sealers: readonly IRole[]): void {
    this.wrapping?.addToResourcePolicy(onlyThese('OnlyRotationMakes', sealers, sealing));
    this.mac.addToResourcePolicy(onlyThese('OnlyRotationSeals', sealers, ['kms:GenerateMac']));
  }

  /** Allows to verify the MAC of the keyring. */
  verifyStatement(): PolicyStatement {
    return new PolicyStatement({ actions: ['kms:VerifyMac'], resources: [this.mac.keyArn] });
  }

  /** Allows to make the MAC of the keyring. */
  sealStatement(): PolicyStatement {
    return new PolicyStatement({ actions: ['kms:GenerateMac'], resources: [this.mac.keyArn] });
  }

  /** Allows to make keys of this keyring, and to end them. */
  rotateStatements(): readonly PolicyStatement[] {
    const ofKeyring = (tags: 'RequestTag' | 'ResourceTag') => ({
      [`aws:${tags}/${keyringTag}`]: this.keyring,
      [`aws:${tags}/${useTag}`]: [...keyUses],
    });
    return [
      // A key that is being made has no name yet; its tags are given with it, and are those of this keyring.
      new PolicyStatement({
        actions: ['kms:CreateKey', 'kms:TagResource'],
        resources: ['*'],
        conditions: {
          StringEquals: ofKeyring('RequestTag'),
          'ForAllValues:StringEquals': { 'aws:TagKeys': [keyringTag, useTag] },
        },
      }),
      // Not by tag: IAM may see the tags of a new key minutes later, and a key whose public half nobody gets is lost.
      new PolicyStatement({ actions: ['kms:GetPublicKey'], resources: [this.anyKey()] }),
      new PolicyStatement({
        actions: ['kms:DisableKey', 'kms:ScheduleKeyDeletion'],
        resources: [this.anyKey()],
        conditions: { StringEquals: ofKeyring('ResourceTag') },
      }),
      ...(this.wrapping ? [makeSealedStatement(this.wrapping)] : []),
    ];
  }

  /** JSON of who signs for each use, for the keys that rotation makes; those that are sealed have no policy of their own. */
  signersText(signers: Signers): string | undefined {
    if (this.wrapping) return undefined;
    const arns = [...new Set(keyUses.flatMap((use) => signers[use].map(({ roleArn }) => roleArn)))];
    const places = keyUses.map((use) => [use, signers[use].map(({ roleArn }) => arns.indexOf(roleArn))]);
    const roles = arns.map((arn) => Fn.select(1, Fn.split(':role/', arn)));
    return Stack.of(this).toJsonString({ roles, ...Object.fromEntries(places) } satisfies SignersText);
  }

  private anyKey(): string {
    return Stack.of(this).formatArn({ service: 'kms', resource: 'key', resourceName: '*' });
  }

  private makeMacKey(): Key {
    const key = new Key(this, 'KeyringMac', {
      description: 'Cambio knows its keyring by it',
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      pendingWindow: Duration.days(30),
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    Tags.of(key).add(keyringTag, this.keyring);
    Tags.of(key).add(useTag, 'keyring');
    return key;
  }

  private makeWrappingKey(): Key {
    const key = new Key(this, 'Wrapping', {
      description: 'Cambio seals its signing keys with it',
      // Each year, and what was sealed before is opened all the same.
      enableKeyRotation: true,
      pendingWindow: Duration.days(30),
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    Tags.of(key).add(keyringTag, this.keyring);
    Tags.of(key).add(useTag, 'wrapping');
    return key;
  }

  private makeKey({ use, alg }: KeyPurpose): Key {
    // Keys for tokens were there before keys had a use, and keep their names.
    const key = new Key(this, use === 'token' ? alg : `${use}-${alg}`, {
      description: `Cambio signs ${use === 'token' ? `${alg} tokens` : `${signed[use]} with ${alg}`}`,
      keySpec: KeySpec[keySpecs[alg]],
      keyUsage: KeyUsage.SIGN_VERIFY,
      pendingWindow: Duration.days(30),
      removalPolicy: removalPolicyOf({ use, alg }),
    });
    Tags.of(key).add(keyringTag, this.keyring);
    Tags.of(key).add(useTag, use);
    return key;
  }
}

function onlySign(signers: readonly IRole[]): PolicyStatement {
  return onlyThese('OnlyFunctionsSign', signers, ['kms:Sign']);
}

/** The condition names the use, so that a function for one use opens nothing of another. */
function onlyOpen(use: KeyUse, signers: readonly IRole[]): PolicyStatement {
  const statement = onlyThese(`OnlyFunctionsOpen${use}`, signers, ['kms:Decrypt']);
  statement.addCondition('StringEquals', { 'kms:EncryptionContext:use': use });
  return statement;
}

function openStatement(wrapping: Key, use: KeyUse): PolicyStatement {
  return new PolicyStatement({
    actions: ['kms:Decrypt'],
    resources: [wrapping.keyArn],
    conditions: { StringEquals: { 'kms:EncryptionContext:use': use } },
  });
}

/** What makes a sealed key, and gives its ciphertext a name. */
const sealing = ['kms:GenerateDataKeyPairWithoutPlaintext', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'];

function makeSealedStatement(wrapping: Key): PolicyStatement {
  return new PolicyStatement({ actions: sealing, resources: [wrapping.keyArn] });
}
