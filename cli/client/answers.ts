// What the client library is asked and answers. Types alone, which name nothing else: they are the package's.

/** Which token: one of `audience` (a name of the policy) and `resource` (its URI). */
export interface TokenRequest {
  readonly audience?: string;
  readonly resource?: string;
  /** Separated by spaces; without it, all that rule and audience allow. */
  readonly scope?: string;
  /** Default: an access token. */
  readonly requestedTokenType?: string;
  /** The token of the caller for whom this is done; default: the workload's own. Its answers are kept apart from others'. */
  readonly subjectToken?: string;
  /** The token of who acts (RFC 8693 §2.1). */
  readonly actorToken?: string;
  /** Milliseconds, for this call alone. */
  readonly timeoutMs?: number;
}

export interface IssuedToken {
  readonly accessToken: string;
  /** `Bearer`; `DPoP` for one that is bound to the client's key; `N_A` for what is no access token. */
  readonly tokenType: string;
  readonly issuedTokenType: string;
  readonly expiresAt: Date;
  /** What was granted, which may be less than what was asked for; undefined where the audience has no scopes. */
  readonly scope?: string | undefined;
}

export interface RoleRequest {
  /** Name in the policy, or ARN. */
  readonly role: string;
  /** The token of the caller whose session it is to be; default: the workload's own. */
  readonly subjectToken?: string;
  /** Milliseconds, for this call alone. */
  readonly timeoutMs?: number;
}

/** As the AWS SDK for JavaScript v3 takes them from a credential provider. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
  readonly accountId?: string;
}

/** The request that a token is sent with. */
export interface ApiRequest {
  readonly method: string;
  /** The whole URL, as the API knows itself. */
  readonly url: string | URL;
  /** What the API wants in the proof: the `DPoP-Nonce` of its last answer. */
  readonly nonce?: string | undefined;
}

/** @throws CambioError from each of its calls */
export interface CambioClient {
  /** @see [RFC 8693](https://www.rfc-editor.org/rfc/rfc8693.html) */
  readonly token: (request: TokenRequest) => Promise<IssuedToken>;
  readonly credentials: (request: RoleRequest) => Promise<RoleCredentials>;
  /**
   * The headers by which the token is sent with one request: `Authorization`, and for a token that is bound to the client's key a
   * fresh `DPoP` proof for that request alone.
   * @see [RFC 9449 §7.1](https://www.rfc-editor.org/rfc/rfc9449.html#section-7.1)
   */
  readonly headersFor: (
    token: Pick<IssuedToken, 'accessToken' | 'tokenType'>,
    request: ApiRequest,
  ) => Readonly<Record<string, string>>;
  /** Keeps this token no longer, after an API refused it: the next call asks for another, once for all. */
  readonly forget: (accessToken: string) => void;
}
