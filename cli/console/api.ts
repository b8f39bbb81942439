// What the page and the server behind it say to each other, both ways: JSON below /_console. Types alone.

/** `GET /_console/state`. */
export interface ConsoleState {
  /** The API base that is looked at. */
  readonly api: string;
  readonly version: string;
  /** Whether changes are let through. */
  readonly writes: boolean;
  /** Issuers that a local stack stands in for; undefined beside a deployment. */
  readonly standIns?: readonly string[];
  /** Of the policy's issuers: the paths of the claims that name a CI run. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
  /** Whether there is a policy to draw and to compare with. */
  readonly hasPolicy: boolean;
}

export type Json = Readonly<Record<string, unknown>>;

/** `POST /_console/exchanges`: one exchange with a token of a stand-in, or with one that was issued here before. */
export interface ExchangeToPlay {
  /** Name of the issuer that is stood in for. */
  readonly issuer?: string;
  /** Claims of its token to set; `null` removes one. */
  readonly claims?: Json;
  /** `jti` of a token that was issued here, instead of an issuer. */
  readonly token?: string;
  /** Name of the client that authenticates. */
  readonly client?: string;
  /** Name of an audience or role. */
  readonly target: string;
  readonly scope?: string;
}

/** How it went. Tokens stay with the server: the page gets their claims. */
export interface PlayedExchange {
  readonly status: number;
  readonly decisionId?: string;
  readonly error?: string;
  readonly description?: string;
  /** Claims of the subject token. */
  readonly presented: Json;
  /** What was issued, without token or credentials. */
  readonly issued?: Json;
  /** Claims of the issued token, where it is a JWT. */
  readonly claims?: Json;
}

/** `POST /_console/introspections`. */
export interface TokenToIntrospect {
  /** `jti` of a token that was issued here. */
  readonly token: string;
  readonly client: string;
}

/** A client that can be played: by a stand-in for its keys, or by a token of the issuer that vouches for it. */
export interface PlayableClient {
  readonly name: string;
  /** Of a federated client. */
  readonly vouchedBy?: { readonly issuer: string; readonly claims: Json };
  /** Audiences whose tokens it may ask about. */
  readonly introspects: readonly string[];
}

export interface PictureRule {
  readonly id: string;
  readonly from: string;
  /** Undefined for a deny rule of every target. */
  readonly target?: string;
  readonly denies: boolean;
  readonly client?: string;
  readonly actor?: string;
  /** `claim: value | value`, and named conditions. */
  readonly conditions: readonly string[];
  readonly scopes: readonly string[];
  /** Of a rule about our own tokens: the audiences whose tokens it takes. */
  readonly takes?: readonly string[];
}

/** One way from a foreign token to a target, with a token that goes it. */
export interface PictureWay {
  readonly target: string;
  readonly issuer: string;
  readonly hops: readonly {
    readonly rule: string;
    readonly target: string;
    readonly client?: string;
    readonly scope?: string;
    readonly claims: Json;
    /** Issuer of the actor token it wants. */
    readonly actor?: string;
  }[];
  readonly undecided: readonly string[];
}

export interface PolicyText {
  readonly path: string;
  readonly text: string;
}

/** `GET /_console/policy`. */
export interface PolicyPicture {
  readonly hash: string;
  readonly issuers: readonly { readonly name: string; readonly url: string; readonly profile?: string }[];
  readonly targets: readonly { readonly name: string; readonly kind: 'audience' | 'role'; readonly form: string }[];
  readonly clients: readonly PlayableClient[];
  readonly rules: readonly PictureRule[];
  readonly ways: readonly PictureWay[];
  /** More ways than were looked at. */
  readonly truncated: boolean;
  /** The source, to begin a what-if with. */
  readonly files: readonly PolicyText[];
}

export interface PolicyChange {
  readonly who: string;
  readonly what: string;
  /** The rules of the way, and the claims of the token that goes it. */
  readonly way?: PictureWay;
}

/** A recorded decision that would end otherwise, or of which nobody can tell. */
export interface Flip {
  readonly decisionId: string;
  readonly kind: 'granted_to_refused' | 'refused_to_granted' | 'undecided';
  /** The rule that decides now, or why it cannot be told. */
  readonly rule?: string;
  readonly why?: string;
}

/** `POST /_console/what-if` with `{files}`. */
export interface WhatIf {
  /** As the compiler prints them. */
  readonly diagnostics: readonly string[];
  /** The rest is there when it compiles. */
  readonly compared?: {
    readonly gains: readonly PolicyChange[];
    readonly loses: readonly PolicyChange[];
    readonly undecided: readonly string[];
    /** Tests beside the policy that fail under the proposed one. */
    readonly failures: readonly string[];
    /** How many recorded decisions were looked at. */
    readonly decisions: number;
    readonly flips: readonly Flip[];
  };
}
