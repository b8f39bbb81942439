// What a user of the client library may give it. Types alone, which name nothing else: they are the package's.

/** A text, or a function that gives it each time it is needed, so that a rotated one is taken. */
export type TextSource = string | (() => string | Promise<string>);

/**
 * Where a token is: a file or a variable, read anew each time one is needed (Kubernetes replaces projected tokens), a
 * function that gives one, or `aws`: STS `GetWebIdentityToken` with the credentials the process has.
 */
export type TokenSource =
  | (() => string | Promise<string>)
  | { readonly file: string }
  | { readonly env: string }
  | 'aws';

/** How a client of the policy authenticates: a secret, a private key (PEM or JWK), or a workload's own token. */
export type ClientAuthentication =
  | { readonly id: string; readonly secret: TextSource }
  | { readonly id: string; readonly privateKey: TextSource }
  | { readonly id?: string; readonly assertion: TokenSource };

export interface CambioOptions {
  /** The API base: https, or http on loopback. Default: the environment's `CAMBIO_URL`. */
  readonly url?: string;
  /**
   * The token that says who this process is; it is asked for only when an exchange is due, and must not depend on whom the
   * process works for at the moment: a caller's token is `subjectToken` of a call. Default: where CI systems, pods and
   * `CAMBIO_ID_TOKEN` have it, as `cambio exchange` looks for it.
   */
  readonly workloadToken?: TokenSource;
  /** The `aud` to ask a CI system or AWS for. Default: `CAMBIO_TOKEN_AUDIENCE`, else the issuer, as discovery names it. */
  readonly tokenAudience?: string;
  /** Default: an anonymous caller, whose subject token decides. */
  readonly client?: ClientAuthentication;
  /**
   * Binds its access tokens to a key (DPoP, RFC 9449), which it proves to hold: a key of its own, never written anywhere, or one
   * that is given (PEM or JWK), such as the one that a `subjectToken` is bound to. Send such tokens with `headersFor`.
   */
  readonly dpop?: true | { readonly privateKey: string };
  /** Milliseconds after which a call gives up, what it tries again included. Default 10,000. */
  readonly timeoutMs?: number;
}
