// Why a request is refused: a tagged union with its facts, and the one exception that carries it. Pure.
import type { Quota } from '../policy/compiled-policy.ts';
import type { SessionProblem } from '../policy/role-grant.ts';
import type { SuspendableName } from './revocation/suspension.ts';

const tokenReasons = [
  ...(['malformed', 'signature', 'algorithm', 'key', 'issuer', 'audience', 'expired', 'not_yet_valid'] as const),
  ...(['too_old', 'revoked', 'replayed', 'type', 'size', 'binding', 'may_act', 'depth', 'client'] as const),
] as const;

/** Reasons for which a token itself is refused. */
export type TokenReason = (typeof tokenReasons)[number];

/** Stable reason codes of decisions; operators search and alarm on these. */
export const reasons = [
  ...tokenReasons,
  ...(['quota', 'no_rule', 'denied', 'scope', 'target', 'tags', 'sts', 'suspended', 'unavailable'] as const),
] as const;

export type Reason = (typeof reasons)[number];

export type TokenParameter = 'subject_token' | 'actor_token' | 'token';

export type Denial =
  | { readonly kind: 'content_type' }
  | { readonly kind: 'body_too_large' }
  | {
      readonly kind: 'parameter';
      readonly parameter: string;
      readonly problem: 'missing' | 'repeated' | 'malformed' | 'unsupported' | 'not taken here';
    }
  | { readonly kind: 'grant_type' }
  | { readonly kind: 'token_type'; readonly parameter: string }
  /** `detail` says what of a genuine assertion is not acceptable; what is wrong with another, the cause does. */
  | { readonly kind: 'client'; readonly detail?: string }
  | { readonly kind: 'client_methods' }
  /** A DPoP proof; what is wrong with it is told nobody but operators. */
  | { readonly kind: 'dpop'; readonly problem: 'missing' | 'not acceptable' | 'replayed'; readonly detail: string }
  /** It has no nonce of ours, or an old one; this is the one to use. */
  | { readonly kind: 'dpop_nonce'; readonly nonce: string }
  /** The audience wants a client certificate, and there is none. */
  | { readonly kind: 'certificate' }
  | {
      readonly kind: 'token';
      readonly parameter: TokenParameter;
      readonly reason: TokenReason;
      readonly detail: string;
    }
  | { readonly kind: 'target'; readonly problem: 'missing' | 'malformed' | 'unknown' | 'several' | 'changed' }
  | { readonly kind: 'no_rule' }
  | { readonly kind: 'denied'; readonly rule: string }
  | { readonly kind: 'scope'; readonly problem: 'malformed' | 'none_granted' }
  | { readonly kind: 'signing_input'; readonly bytes: number }
  /** A token of somebody else's, to be revoked. */
  | { readonly kind: 'foreign_token' }
  /** AWS credentials, to be revoked. */
  | { readonly kind: 'irrevocable' }
  /** An administrator suspended it; `as` says whose request it is: that of a client who is none now, or for a target. */
  | { readonly kind: 'suspended'; readonly suspended: SuspendableName; readonly as: 'client' | 'target' }
  /** `over` is the quota that is used up; without one, a client's budget for guesses. */
  | { readonly kind: 'throttled'; readonly over?: OverQuota }
  | ({ readonly kind: 'role_session' } & SessionProblem)
  /** STS refused the session; `detail` is what it said, where that holds nothing of a token. */
  | { readonly kind: 'sts'; readonly code: string; readonly detail: string | undefined }
  | { readonly kind: 'unavailable'; readonly dependency: Dependency };

export interface OverQuota extends Pick<Quota, 'count' | 'seconds'> {
  /** `deployment`: what it may ask of KMS or STS. */
  readonly by: 'client' | 'issuer' | 'subject' | 'deployment';
  /** Seconds until one more is within it. */
  readonly retryAfter: number;
}

/** What an exchange waits for. */
export type Dependency = 'issuer' | 'kms' | 'dynamodb' | 'sts' | 'deadline';

/**
 * The exception every refusal of a request ends as: it is refused for `denial`. Two others are thrown on purpose, each in a
 * room where there is no request yet: `TokenRefused` (jose/jwt.ts) says what is wrong with a token before it is known in
 * which role it was presented, and whoever knows the role makes a Refused of it; `EventRefused` (events/) has the codes of
 * RFC 8935 instead of OAuth's.
 */
export class Refused extends Error {
  readonly denial: Denial;

  constructor(denial: Denial, options?: { readonly cause?: unknown }) {
    super(`refused: ${denial.kind}`, options);
    this.name = 'Refused';
    this.denial = denial;
  }
}

/** What code of a file of its own throws, whose class of this name is another, as ours; other errors as they are. */
export function asRefused(error: unknown): unknown {
  const isOther = error instanceof Error && error.name === 'Refused' && !(error instanceof Refused);
  return isOther ? new Refused((error as Refused).denial, { cause: error.cause }) : error;
}
