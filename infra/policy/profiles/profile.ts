// What a token profile is: one vendor's claims and a token of its real shape. Pure types.
import type { ClaimType, JwsAlgorithm } from '../../../shared/policy/compiled-policy.ts';

/** What a sample token is made for; `now` in seconds since the epoch. */
export interface SampleInput {
  readonly issuer: string;
  readonly audience: string;
  readonly now: number;
}

export interface Profile {
  readonly name: string;
  /** Claims of the vendor's tokens beyond the registered ones. */
  readonly claims: Readonly<Record<string, ClaimType>>;
  /** Known members below the claims of type object, by dotted path. */
  readonly members?: Readonly<Record<string, ClaimType>>;
  /** Types of claims whose names only begin alike. Never on every token. */
  readonly prefixes?: Readonly<Record<string, ClaimType>>;
  /** Paths of claims that not every token of the vendor carries, or that may be null. */
  readonly optional?: readonly string[];
  /** Path of a claim whose value may come to mean somebody else, to that of the claim that never does. */
  readonly immutable?: Readonly<Record<string, string>>;
  /** Paths whose values, joined by `/`, are the run id; absent where tokens name no run. */
  readonly run?: readonly string[];
  /** Where the keys are, for vendors who keep them on another origin than their issuer. */
  readonly jwksUri?: string;
  /** What the vendor signs with, the usual one first. */
  readonly algorithms?: readonly JwsAlgorithm[];
  /** Whether the vendor's own `iss` ends with a slash, for an issuer URL of this vendor. */
  readonly endsWithSlash: (url: string) => boolean;
  /** A whole payload in the vendor's real shape; its `jti`, if the vendor has one, is fresh. */
  readonly sample: (input: SampleInput) => Record<string, unknown>;
}
