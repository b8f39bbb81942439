// The input of a policy decision: the tokens presented, the client, the target and the time. Pure.
import type { Claims } from './claims.ts';
import type { ClaimType } from './compiled-policy.ts';

/** What the caller asked for, as its parameters said it. */
export interface AskedFor {
  readonly scopes: readonly string[];
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
}

/** The types of an issuer's claims, by path. */
export type DeclaredTypes = Readonly<Record<string, ClaimType>>;

/** A verified token as policy sees it. `issuer` is its issuer's policy name. */
export interface Presented {
  readonly issuer: string;
  readonly claims: Claims;
  /** Absent for our own tokens: what policy maps into them has its type already. */
  readonly declared?: DeclaredTypes;
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
