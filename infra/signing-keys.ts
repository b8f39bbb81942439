// The first KMS signing keys of each algorithm, and the right to sign with every key of this keyring, those made later included.
import { Aws, Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { SigningAlgorithm } from '../shared/policy/compiled-policy.ts';

/** Key tag that the right to sign hangs on; rotation gives it to the keys it makes. */
const keyringTag = 'cambio:keyring';

/** The KMS key spec and signing algorithm of each JWS algorithm (RFC 7518, RFC 9864): one key, one algorithm. */
const kmsAlgorithms: Readonly<Record<SigningAlgorithm, { readonly keySpec: KeySpec; readonly signing: string }>> = {
  ES256: { keySpec: KeySpec.ECC_NIST_P256, signing: 'ECDSA_SHA_256' },
  ES384: { keySpec: KeySpec.ECC_NIST_P384, signing: 'ECDSA_SHA_384' },
  RS256: { keySpec: KeySpec.RSA_2048, signing: 'RSASSA_PKCS1_V1_5_SHA_256' },
  PS256: { keySpec: KeySpec.RSA_2048, signing: 'RSASSA_PSS_SHA_256' },
  Ed25519: { keySpec: KeySpec.ECC_NIST_EDWARDS25519, signing: 'ED25519_SHA_512' },
};

/** The default algorithm, and the one RFC 9068 §2.1 requires. */
const always: readonly SigningAlgorithm[] = ['ES256', 'RS256'];

/**
 * Keys outlive the stack. Those of every stack come with its first deployment, and go when that fails. A key added later
 * stays even then: the keyring outlives the rollback, and may name it already.
 */
function removalPolicyOf(alg: SigningAlgorithm): RemovalPolicy {
  return always.includes(alg) ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.RETAIN;
}

export interface SigningKey {
  readonly alg: SigningAlgorithm;
  readonly key: Key;
}

export interface SigningKeysProps {
  /** Algorithms the policy's audiences use. */
  readonly algorithms: readonly SigningAlgorithm[];
}

interface Signing {
  /** All of the keyring's, unless named. */
  readonly algorithms?: readonly SigningAlgorithm[];
}

export class SigningKeys extends Construct {
  /** In a fixed order, whatever the order of the policy. */
  readonly keys: readonly SigningKey[];
  /** Value of {@link keyringTag} on every key of this construct. */
  readonly keyring: string;

  constructor(scope: Construct, id: string, props: SigningKeysProps) {
    super(scope, id);
    // A stack id is at most 228 characters and a tag value 256: the node's address is cut to fit.
    this.keyring = `${Aws.STACK_ID}/${this.node.addr.slice(0, 16)}`;
    const wanted = [...new Set([...always, ...props.algorithms])].sort();
    this.keys = wanted.map((alg) => ({ alg, key: this.makeKey(alg) }));
  }

  /** Allows `kms:Sign` with the keys of this keyring, by tag: rotation makes keys no template knows. */
  signStatement({ algorithms = this.keys.map(({ alg }) => alg) }: Signing = {}): PolicyStatement {
    return new PolicyStatement({
      actions: ['kms:Sign'],
      resources: [Stack.of(this).formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
      conditions: {
        StringEquals: {
          [`aws:ResourceTag/${keyringTag}`]: this.keyring,
          'kms:SigningAlgorithm': algorithms.map((alg) => kmsAlgorithms[alg].signing),
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
   * Nobody but these signs with the keys of the template, whatever IAM allows whom: a signature is a token. An administrator
   * who has to do so anyway first takes this out of the key policy, which CloudTrail shows.
   */
  allowOnly(signers: readonly IRole[]): void {
    const deny = new PolicyStatement({
      sid: 'OnlyFunctionsSign',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['kms:Sign'],
      resources: ['*'],
      // As a condition: a principal in the policy would have to exist, and be lost with its role.
      conditions: { StringNotEquals: { 'aws:PrincipalArn': signers.map(({ roleArn }) => roleArn) } },
    });
    for (const { key } of this.keys) key.addToResourcePolicy(deny);
  }

  private makeKey(alg: SigningAlgorithm): Key {
    const key = new Key(this, alg, {
      description: `Cambio signs ${alg} tokens`,
      keySpec: kmsAlgorithms[alg].keySpec,
      keyUsage: KeyUsage.SIGN_VERIFY,
      pendingWindow: Duration.days(30),
      removalPolicy: removalPolicyOf(alg),
    });
    Tags.of(key).add(keyringTag, this.keyring);
    return key;
  }
}
