// The input of a policy decision: the tokens presented, the client, the target and the time. Pure.
import type { Claims } from './claims.ts';

/** What the caller asked for, as its parameters said it. */
export interface AskedFor {
  readonly scopes: readonly string[];
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
}

/** A verified token as policy sees it. `issuer` is its issuer's policy name. */
export interface Presented {
  readonly issuer: string;
  readonly claims: Claims;
}

/** One decision to take; `issuer` and `claims` are the subject token's. */
export interface PolicyQuestion extends Presented {
  /** Name of the target that is asked for. */
  readonly audience: string;
  /** Name of the authenticated client; `''` if anonymous. */
  readonly client: string;
  /** The verified actor token, if one came. */
  readonly actor?: Presented;
  readonly request: AskedFor;
  /** Seconds since the epoch. */
  readonly now: number;
}
