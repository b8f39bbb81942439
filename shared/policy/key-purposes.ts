// What signing keys are for, and which of them a policy needs. Pure.
import type { PolicyArtifact, SigningAlgorithm } from './compiled-policy.ts';

/**
 * One kind of thing each: `token` access and transaction tokens, `answer` introspection answers and our own client assertions,
 * `status` status lists, `session` web identities for STS. No key signs things of two kinds.
 */
export const keyUses = ['token', 'answer', 'status', 'session'] as const;

export type KeyUse = (typeof keyUses)[number];

export interface KeyPurpose {
  readonly use: KeyUse;
  readonly alg: SigningAlgorithm;
}

/** The algorithm of signed introspection answers (RFC 9701 §6: unless a client registers another) and of our client assertions. */
export const answerAlgorithm = 'RS256' as const;
/** One that IAM's OIDC providers may use. */
export const sessionAlgorithm = 'ES256' as const;
/** The default of an audience, and the one RFC 9068 §2.1 requires. */
export const tokenAlgorithms = ['ES256', 'RS256'] as const;

/** The KMS key spec of each algorithm (RFC 7518, RFC 9864): one key, one algorithm. */
export const keySpecs = {
  ES256: 'ECC_NIST_P256',
  ES384: 'ECC_NIST_P384',
  RS256: 'RSA_2048',
  PS256: 'RSA_2048',
  Ed25519: 'ECC_NIST_EDWARDS25519',
} as const;

type PolicyOfKeys = Pick<PolicyArtifact, 'audiences' | 'clients' | 'tenants'> & {
  readonly issuers: Readonly<Record<string, { readonly introspection?: unknown }>>;
  readonly roles: Readonly<Record<string, { readonly via: string }>>;
};

/** Every key that something in the policy has a use for, tokens' first, in an order that no policy changes. */
export function keyPurposes({ audiences, clients, issuers, roles, tenants }: PolicyOfKeys): readonly KeyPurpose[] {
  const all = Object.values(audiences);
  const isAnswered =
    tenants !== undefined ||
    Object.keys(clients).length > 0 ||
    Object.values(issuers).some(({ introspection }) => introspection);
  const hasSessions = Object.values(roles).some(({ via }) => via === 'web-identity');
  return [
    ...purposes('token', [...tokenAlgorithms, ...all.map(({ alg }) => alg)]),
    ...purposes('answer', isAnswered ? [answerAlgorithm] : []),
    ...purposes(
      'status',
      all.flatMap(({ alg, status }) => (status ? [alg] : [])),
    ),
    ...purposes('session', hasSessions ? [sessionAlgorithm] : []),
  ];
}

function purposes(use: KeyUse, algorithms: readonly SigningAlgorithm[]): readonly KeyPurpose[] {
  return [...new Set(algorithms)].sort().map((alg) => ({ use, alg }));
}
