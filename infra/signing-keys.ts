// The first KMS signing keys of each purpose, and the right to sign with every key of this keyring, those made later included.
import { Aws, Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { SigningAlgorithm } from '../shared/policy/compiled-policy.ts';
import { type KeyPurpose, type KeyUse, keyUses, tokenAlgorithms } from '../shared/policy/key-purposes.ts';

/** Key tags that the right to sign hangs on; rotation gives them to the keys it makes. */
const keyringTag = 'cambio:keyring';
const useTag = 'cambio:use';

/** The KMS key spec and signing algorithm of each JWS algorithm (RFC 7518, RFC 9864): one key, one algorithm. */
const kmsAlgorithms: Readonly<Record<SigningAlgorithm, { readonly keySpec: KeySpec; readonly signing: string }>> = {
  ES256: { keySpec: KeySpec.ECC_NIST_P256, signing: 'ECDSA_SHA_256' },
  ES384: { keySpec: KeySpec.ECC_NIST_P384, signing: 'ECDSA_SHA_384' },
  RS256: { keySpec: KeySpec.RSA_2048, signing: 'RSASSA_PKCS1_V1_5_SHA_256' },
  PS256: { keySpec: KeySpec.RSA_2048, signing: 'RSASSA_PSS_SHA_256' },
  Ed25519: { keySpec: KeySpec.ECC_NIST_EDWARDS25519, signing: 'ED25519_SHA_512' },
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
}

/** Roles of the functions that may sign for each use. */
export type Signers = Readonly<Record<KeyUse, readonly IRole[]>>;

export class SigningKeys extends Construct {
  readonly keys: readonly SigningKey[];
  /** Value of {@link keyringTag} on every key of this construct. */
  readonly keyring: string;

  constructor(scope: Construct, id: string, { purposes }: SigningKeysProps) {
    super(scope, id);
    // A stack id is at most 228 characters and a tag value 256: the node's address is cut to fit.
    this.keyring = `${Aws.STACK_ID}/${this.node.addr.slice(0, 16)}`;
    this.keys = purposes.map((purpose) => ({ ...purpose, key: this.makeKey(purpose) }));
  }

  /** Allows `kms:Sign` for one use, with the keys of this keyring, by tag: rotation makes keys no template knows. */
  signStatement(use: KeyUse): PolicyStatement {
    const algorithms = this.keys.filter((key) => key.use === use).map(({ alg }) => kmsAlgorithms[alg].signing);
    return new PolicyStatement({
      actions: ['kms:Sign'],
      resources: [Stack.of(this).formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
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

  /** Allows `kms:GetPublicKey` of the keys this template makes. */
  publicKeyStatement(): PolicyStatement {
    return new PolicyStatement({ actions: ['kms:GetPublicKey'], resources: this.keys.map(({ key }) => key.keyArn) });
  }

  /**
   * Nobody but these signs with the keys of a use, whatever IAM allows whom: a signature is a token. An administrator who has to
   * do so anyway first takes this out of the key policy, which CloudTrail shows.
   */
  allowOnly(signers: Signers): void {
    for (const use of keyUses) {
      const deny = new PolicyStatement({
        sid: 'OnlyFunctionsSign',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['kms:Sign'],
        resources: ['*'],
        // As a condition: a principal in the policy would have to exist, and be lost with its role.
        conditions: { StringNotEquals: { 'aws:PrincipalArn': signers[use].map(({ roleArn }) => roleArn) } },
      });
      for (const { key } of this.keys.filter((one) => one.use === use)) key.addToResourcePolicy(deny);
    }
  }

  private makeKey({ use, alg }: KeyPurpose): Key {
    // Keys for tokens were there before keys had a use, and keep their names.
    const key = new Key(this, use === 'token' ? alg : `${use}-${alg}`, {
      description: `Cambio signs ${use === 'token' ? `${alg} tokens` : `${signed[use]} with ${alg}`}`,
      keySpec: kmsAlgorithms[alg].keySpec,
      keyUsage: KeyUsage.SIGN_VERIFY,
      pendingWindow: Duration.days(30),
      removalPolicy: removalPolicyOf({ use, alg }),
    });
    Tags.of(key).add(keyringTag, this.keyring);
    Tags.of(key).add(useTag, use);
    return key;
  }
}
