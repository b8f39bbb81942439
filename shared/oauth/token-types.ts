// Token type identifiers and the grant type (RFC 8693 §2.1, §3; draft-ietf-oauth-transaction-tokens). Pure.

export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

export const tokenTypes = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  transactionToken: 'urn:ietf:params:oauth:token-type:txn_token',
  /** Credentials of a role, as the SDKs' `credential_process` has them. */
  awsCredentials: 'urn:cambio:token-type:aws-credentials',
} as const;

/** Types an actor token may be declared as. A transaction token says what is done, and identifies nobody who acts. */
export const actorTokenTypes: readonly string[] = [tokenTypes.accessToken, tokenTypes.idToken, tokenTypes.jwt];

/** Types a subject token may be declared as. */
export const subjectTokenTypes: readonly string[] = [...actorTokenTypes, tokenTypes.transactionToken];

/** Types a caller may ask for. */
export const requestableTokenTypes: readonly string[] = [
  tokenTypes.accessToken,
  tokenTypes.jwt,
  tokenTypes.transactionToken,
  tokenTypes.awsCredentials,
];
