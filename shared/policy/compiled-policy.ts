// The compiled policy: what `cdk synth` writes into each function's bundle as policy.json and the functions read. Pure.

export type ClaimType = 'string' | 'int' | 'bool' | 'list' | 'object';

/** A value that CDK knows only at deploy; `name` is its key in POLICY_VALUES. */
export interface ValueHole {
  readonly $value: string;
}

/** What Cambio signs with, and what every issuer may unless its entry says otherwise. */
export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'Ed25519';

/** What signatures are verified in: the others only of issuers whose entries name them. */
export type JwsAlgorithm = SigningAlgorithm | 'RS384' | 'RS512' | 'PS384' | 'PS512' | 'ES512';

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

/** How often: `count` in each `seconds` in the long run, and `burst` at once after a pause. */
export interface Quota {
  readonly count: number;
  readonly seconds: number;
  readonly burst: number;
}

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
  /** PEM of the only certificate authorities that are trusted for it; without it, the public ones. */
  readonly ca?: string;
  readonly algorithms: readonly JwsAlgorithm[];
  /** Full token type URNs this issuer's tokens may be presented as. */
  readonly tokenTypes: readonly string[];
  readonly maxAge?: number;
  readonly maxLifetime: number;
  readonly clockSkew: number;
  /** Makes the whole issued `sub`; begins with a literal prefix unique in the deployment. Default `<name>|<sub>`. */
  readonly subject?: Template;
  /** Claims kept only as salted hashes in decisions and audit. */
  readonly private?: readonly string[];
  /** Only of Cambio itself as an issuer: the others whose issued subjects show nothing private. */
  readonly openSubjects?: readonly string[];
  /** Paths of the claims whose values, joined by `/`, name the CI run. */
  readonly run?: readonly string[];
  /** Each of its tokens is taken once. */
  readonly singleUse?: true;
  readonly introspection?: UpstreamIntrospection;
  readonly events?: EventStream;
  /** Of callers that do not authenticate: all that present its tokens together, or each subject for itself. */
  readonly quota?: Quota & { readonly per: 'issuer' | 'subject' };
}

/** Where an issuer says whether a token of its own is still good (RFC 7662). */
export interface UpstreamIntrospection {
  readonly url: string;
  /** Client id of Cambio at the issuer. */
  readonly client: string;
  /** Seconds a positive answer is used again. */
  readonly cache: number;
  readonly network: IssuerNetwork;
}

/** An issuer's security event tokens (RFC 8417), pushed to /events. */
export interface EventStream {
  /** Exact `aud` of its event tokens. */
  readonly audience: string;
  /** SHA-256 of the whole Authorization header value, hex. */
  readonly authorization?: string;
}

/** What a certificate may say of its holder (RFC 8705 §2.1.2). */
export type CertificateName = 'san_dns' | 'san_uri' | 'san_ip' | 'san_email' | 'subject_dn';

/** How a client proves who it is; until `notAfter` (seconds since the epoch), where it ends. */
export type ClientAuthentication = {
  readonly notAfter?: number;
} /** By `client_secret_basic` or `_post`. SHA-256 of the secret's UTF-8 bytes, hex. */ & (
  | { readonly method: 'client_secret'; readonly sha256: string }
  | {
      readonly method: 'private_key_jwt';
      readonly keys: Exclude<KeySource, { readonly from: 'discovery' }>;
      readonly network: IssuerNetwork;
      readonly algorithms: readonly JwsAlgorithm[];
    }
  /** A token of a trusted issuer as `client_assertion`. */
  | { readonly method: 'federated'; readonly issuer: string; readonly match: readonly ClaimMatch[] }
  /** By a certificate of an authority in the trust store that says exactly this. */
  | { readonly method: 'tls_client_auth'; readonly name: CertificateName; readonly value: string }
  /**
   * By one of these certificates of its own: base64url SHA-256 of the DER of each. `signers` are the public keys (base64, SPKI) of those
   * that may sign others, which the trust store then trusts.
   */
  | {
      readonly method: 'self_signed_tls_client_auth';
      readonly thumbprints: readonly string[];
      readonly signers?: readonly string[];
    }
);

/** A caller that authenticates. */
export interface Client {
  readonly name: string;
  readonly auth: ClientAuthentication;
  /** Others of the same method, accepted beside it while one takes the place of another. */
  readonly also?: readonly ClientAuthentication[];
  /** Audiences whose tokens it may introspect. */
  readonly introspects: readonly string[];
  /** Of its exchanges. */
  readonly quota?: Quota;
}

/** A target of issued access tokens. Durations in seconds. */
export interface Audience {
  readonly name: string;
  /** The audience's resource indicator; it becomes `aud` when present. */
  readonly resource?: string;
  readonly scopes: readonly string[];
  /** `reference`: an opaque handle that only introspection resolves. */
  readonly format: 'jwt' | 'reference';
  readonly alg: SigningAlgorithm;
  readonly ttl: number;
  readonly maxTtl: number;
  /** Its tokens carry a Token Status List reference. */
  readonly status?: true;
  /** Its tokens are bound to a key: that of a DPoP proof, or of the client's certificate. */
  readonly binding?: 'dpop' | 'mtls';
}

/** How the session of a role is made: by our own role (a chain, an hour at most), or by a token as OIDC provider. */
export type RoleVia = 'assume-role' | 'web-identity';

/** An AWS role whose credentials are issued. Durations in seconds. */
export interface Role<Arn = string> {
  readonly name: string;
  readonly arn: Arn;
  readonly externalId?: string;
  readonly via: RoleVia;
  readonly ttl: number;
  readonly maxTtl: number;
  /** Its sessions carry the tags by which they can be revoked (docs/decisions/revoking-aws-sessions.md). */
  readonly revocable?: true;
}

/** One wanted value of a claim. `glob` is anchored; `*` is one or more of any but `:` and `/`, `**` zero or more of any. */
export type WantedValue = { readonly equals: string | number | boolean } | { readonly glob: string };

/** A claim and the values that satisfy it (any of). `path` is dotted; at each level the longest existing key wins. */
export interface ClaimMatch {
  readonly path: string;
  readonly type: ClaimType;
  /** Its catalogue does not declare it: `type` is that of the wanted values, and a list fits by any element, too. */
  readonly open?: true;
  readonly anyOf: readonly WantedValue[];
}

/** A claim in a template; `type` is what its catalogue declares, absent where it declares none. */
export interface ClaimReference {
  readonly claim: string;
  readonly type?: ClaimType;
}

/** Literal text and claim references in order; a template of exactly one reference keeps the claim's type. */
export type Template = readonly (string | ClaimReference)[];

export interface AudienceGrant {
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, Template>>;
  /** Lifetime of the issued token in seconds. */
  readonly ttl: number;
}

/** A session tag: its value is text made of claims. */
export interface SessionTagTemplate {
  readonly key: string;
  readonly value: Template;
  /** A required tag that cannot be carried refuses the request; another one is dropped. */
  readonly required: boolean;
  /** Characters STS would refuse are replaced. */
  readonly sanitize: boolean;
}

export interface RoleGrant {
  readonly role: string;
  /** Lifetime of the session in seconds. */
  readonly ttl: number;
  /** In declared order: the earlier, the more important. */
  readonly tags: readonly SessionTagTemplate[];
  /** Keys of those `tags` that a chained session inherits. */
  readonly transitive: readonly string[];
  readonly sourceIdentity?: Template;
  /** JSON text of the inline session policy; each claim stands inside a string literal of it. */
  readonly sessionPolicy?: Template;
  /** Managed policies that limit the session further. */
  readonly policyArns: readonly string[];
}

/** What the actor token must be; a rule without it never grants a request that has one. */
export interface ActorMatch {
  readonly from: string;
  readonly match: readonly ClaimMatch[];
}

/** A CEL expression of boolean result, named for the decision's trace. */
export interface NamedCondition {
  readonly name: string;
  readonly expression: string;
}

interface RuleCore {
  readonly id: string;
  /** Name of the issuer of the subject token; `self` for tokens Cambio issued. */
  readonly from: string;
  readonly match: readonly ClaimMatch[];
  /** Absent: any caller, authenticated or not; `any`: any authenticated client. */
  readonly client?: 'any' | readonly string[];
  readonly actor?: ActorMatch;
  readonly when?: readonly NamedCondition[];
}

export type AllowRule<Grant extends AudienceGrant | RoleGrant = AudienceGrant> = RuleCore & {
  readonly grant: Grant;
  /** Most `act` levels in the issued token. Default 3. */
  readonly maxDepth?: number;
  /** The issued token may outlive its subject token; `clockSkew` then applies to `exp` too. */
  readonly outlive?: boolean;
};
/** `deny: 'any'` refuses every target. */
export type DenyRule = RuleCore & {
  readonly deny: 'any' | { readonly audience: string } | { readonly role: string };
};
export type PolicyRule = AllowRule<AudienceGrant | RoleGrant> | DenyRule;

/** Names of the root policy that tenants put at run time may import, by section (`issuers`, `clients`, `audiences`). */
export interface ExportedName {
  readonly section: string;
  readonly name: string;
  /** Names of tenants; absent: all. */
  readonly to?: readonly string[];
}

/** Tenants come from the records table, too. */
export interface TenantSource {
  readonly source: 'table';
  readonly exports: readonly ExportedName[];
  /** What is exported, as a policy file that a tenant is compiled beside. */
  readonly exported: Readonly<Record<string, unknown>>;
}

/** The policy artifact; `Value` is `string` once POLICY_VALUES has been joined. */
export interface CompiledPolicy<Value = string> {
  readonly version: 1;
  /** SHA-256 (hex) of the artifact's canonical JSON without this member. */
  readonly hash: string;
  /** Compiled for the local stack (loopback URLs, stand-in keys); the construct refuses to deploy it. */
  readonly local: boolean;
  readonly issuers: Readonly<Record<string, TrustedIssuer<Value>>>;
  readonly clients: Readonly<Record<string, Client>>;
  /** Audiences and roles share one namespace. */
  readonly audiences: Readonly<Record<string, Audience>>;
  readonly roles: Readonly<Record<string, Role<Value>>>;
  /** In policy order: the first allow rule that fits wins. */
  readonly rules: readonly PolicyRule[];
  /** Absent where all tenants are deployed. */
  readonly tenants?: TenantSource;
  /**
   * The authorities in the trust store, where it has certificates of clients' own beside them: these alone sign for
   * `tls_client_auth`. The deployment adds them; the hash is the policy's without them.
   */
  readonly authorities?: readonly Authority[];
}

/** Who signs certificates of clients. */
export interface Authority {
  /** Of its certificate's subject, as `comparableName` writes it. */
  readonly name: string;
  /** Public key (base64, SPKI). */
  readonly key: string;
}

/** What `policy.json` holds. */
export type PolicyArtifact = CompiledPolicy<string | ValueHole>;
