// The compiled policy: what `cdk synth` writes into each function's bundle as policy.json and the functions read. Pure.

export type ClaimType = 'string' | 'int' | 'bool' | 'list' | 'object';

/** A value that CDK knows only at deploy; `name` is its key in POLICY_VALUES. */
export interface ValueHole {
  readonly $value: string;
}

export type JwsAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'Ed25519';

/** Where an issuer's verification keys come from. */
export type KeySource =
  | { readonly from: 'discovery' }
  | { readonly from: 'jwksUri'; readonly jwksUri: string }
  | { readonly from: 'inline'; readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] } };

/**
 * Which addresses the issuer's host may resolve to. `loopback` stands for public addresses and loopback, and
 * exists only in policies compiled for the local stack.
 */
export type IssuerNetwork = 'public' | 'private' | 'loopback';

/** An issuer whose tokens are accepted. All durations are in seconds. */
export interface TrustedIssuer<Url = string> {
  readonly name: string;
  /** Exact `iss`, compared as a string. */
  readonly url: Url;
  /** `aud` must name one of these. */
  readonly audiences: readonly string[];
  /** Profile name, when `claims` names one. */
  readonly profile?: string;
  /** Claim name to type, registered claims included. */
  readonly claims: Readonly<Record<string, ClaimType>>;
  readonly keys: KeySource;
  readonly network: IssuerNetwork;
  readonly algorithms: readonly JwsAlgorithm[];
  /** Full token type URNs this issuer's tokens may be presented as. */
  readonly tokenTypes: readonly string[];
  readonly maxAge?: number;
  readonly maxLifetime: number;
  readonly clockSkew: number;
}

/** A target of issued access tokens. Durations in seconds. */
export interface Audience {
  readonly name: string;
  /** The audience's resource indicator; it becomes `aud` when present. */
  readonly resource?: string;
  readonly scopes: readonly string[];
  readonly alg: JwsAlgorithm;
  readonly ttl: number;
  readonly maxTtl: number;
}

/** One wanted value of a claim. `glob` is anchored; `*` is one or more of any but `:` and `/`, `**` zero or more of any. */
export type WantedValue = { readonly equals: string | number | boolean } | { readonly glob: string };

/** A claim and the values that satisfy it (any of). `path` is dotted; at each level the longest existing key wins. */
export interface ClaimMatch {
  readonly path: string;
  readonly type: ClaimType;
  readonly anyOf: readonly WantedValue[];
}

/** Literal text and claim references in order; a template of exactly one reference keeps the claim's type. */
export type Template = readonly (string | { readonly claim: string })[];

export interface AudienceGrant {
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, Template>>;
  /** Lifetime of the issued token in seconds. */
  readonly ttl: number;
}

interface RuleCore {
  readonly id: string;
  /** Name of the issuer of the subject token. */
  readonly from: string;
  readonly match: readonly ClaimMatch[];
}

export type AllowRule = RuleCore & { readonly grant: AudienceGrant };
/** `deny: 'any'` refuses every target. */
export type DenyRule = RuleCore & { readonly deny: 'any' | { readonly audience: string } };
export type PolicyRule = AllowRule | DenyRule;

/** The policy artifact; `Url` is `string` once POLICY_VALUES has been joined. */
export interface CompiledPolicy<Url = string> {
  readonly version: 1;
  /** SHA-256 (hex) of the artifact's canonical JSON without this member. */
  readonly hash: string;
  /** Compiled for the local stack (loopback URLs, stand-in keys); the construct refuses to deploy it. */
  readonly local: boolean;
  readonly issuers: Readonly<Record<string, TrustedIssuer<Url>>>;
  readonly audiences: Readonly<Record<string, Audience>>;
  /** In policy order: the first allow rule that fits wins. */
  readonly rules: readonly PolicyRule[];
}

/** What `policy.json` holds. */
export type PolicyArtifact = CompiledPolicy<string | ValueHole>;
