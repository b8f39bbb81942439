// One token exchange, as the numbered steps of RFC 8693 §2: parse, authenticate, verify, decide, mint and record, answer.
// Pure but for the capabilities it is given.
import type { CompiledPolicy, JwsAlgorithm } from '../policy/compiled-policy.ts';
import { evaluatePolicy, type FindRules, type PolicyAnswer } from '../policy/evaluate.ts';
import { type AccessTokenClaims, accessTokenClaims, signingInput } from './access-token.ts';
import { encodeBase64url } from './base64url.ts';
import { type CallerHeaders, requireAnonymous } from './client-authentication.ts';
import type { DecisionFacts } from './decision.ts';
import { checkBinding, checkMayAct, rebuildActors } from './delegation.ts';
import { Refused } from './denial.ts';
import type { Form } from './form.ts';
import type { SigningKey } from './keyring.ts';
import { grantedScopes } from './scope.ts';
import { resolveTarget } from './target.ts';
import { parseTokenRequest, type TokenRequest } from './token-request.ts';
import { type FindIssuerKey, type VerifiedToken, verifyToken } from './verify-token.ts';

/** What an issued token leaves behind. Times are seconds since the epoch; never the token. */
export interface IssuanceRecord {
  readonly jti: string;
  readonly decisionId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly subject: string;
  readonly clientId: string;
  readonly audience: string;
  readonly scope: string | undefined;
  readonly rule: string;
  readonly policyHash: string;
  /** The subject token, by issuer name and `jti` where it has one. */
  readonly subjectIssuer: string;
  readonly subjectJti: string | undefined;
}

/** What an exchange needs from outside. Every function may throw Refused `unavailable`. */
export interface ExchangeCapabilities {
  readonly issuer: string;
  readonly policy: CompiledPolicy;
  readonly findRules: FindRules;
  readonly findIssuerKey: FindIssuerKey;
  readonly findSigningKey: (alg: JwsAlgorithm) => Promise<SigningKey>;
  /** Signs; answers the signature in JWS form (RFC 7518 §3). */
  readonly sign: (key: SigningKey, input: string) => Promise<Uint8Array>;
  /** Durable when it returns. */
  readonly record: (issuance: IssuanceRecord) => Promise<void>;
  readonly newId: () => string;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

/** A successful answer. @see [RFC 8693 §2.2.1](https://www.rfc-editor.org/rfc/rfc8693.html#section-2.2.1) */
export interface TokenResponse {
  readonly access_token: string;
  readonly issued_token_type: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly scope?: string;
}

export interface TokenCall {
  readonly form: Form;
  readonly headers: CallerHeaders;
}

/**
 * Exchanges a token. `decision` is filled on the way, also when the request is refused.
 * @throws Refused
 */
export async function exchange(
  call: TokenCall,
  cambio: ExchangeCapabilities,
  decision: DecisionFacts,
): Promise<TokenResponse> {
  const request = parseTokenRequest(call.form);
  requireAnonymous(call.form, call.headers);
  const now = cambio.now();
  const subject = await verifyTokens(request, cambio, now, decision);
  checkBinding(subject);
  checkMayAct(subject);
  const granted = decide(request, subject, cambio, decision);
  const claims = accessTokenClaims({
    ...granted,
    issuer: cambio.issuer,
    subject,
    actors: rebuildActors(subject),
    jti: cambio.newId(),
    now,
  });
  decision.jti = claims.jti;
  decision.expiresAt = claims.exp;
  const token = await mintAndRecord(
    claims,
    issuanceRecord(claims, subject, granted, cambio, decision),
    granted,
    cambio,
  );
  return tokenResponse(token, claims, request);
}

type Granted = Pick<Parameters<typeof accessTokenClaims>[0], 'audience' | 'grant' | 'scopes'> & {
  readonly rule: string;
};

// Both tokens are verified with the same rigour; an actor that does not verify is refused whatever policy would say.
async function verifyTokens(
  request: TokenRequest,
  cambio: ExchangeCapabilities,
  now: number,
  decision: DecisionFacts,
): Promise<VerifiedToken> {
  const verifier = { issuers: Object.values(cambio.policy.issuers), findKey: cambio.findIssuerKey, now };
  const subject = await verifyToken(request.subject, verifier, decision.subject);
  if (request.actor) await verifyToken(request.actor, verifier, decision.actor);
  return subject;
}

function decide(
  request: TokenRequest,
  subject: VerifiedToken,
  cambio: ExchangeCapabilities,
  decision: DecisionFacts,
): Granted {
  const audience = resolveTarget(request, cambio.policy.audiences);
  decision.audience = audience.name;
  const answer = evaluatePolicy(cambio.findRules, {
    issuer: subject.issuer.name,
    claims: subject.claims,
    audience: audience.name,
    client: '',
    ...(request.actor && { actor: { issuer: decision.actor.issuer ?? '', claims: {} } }),
    request: { scopes: request.scope ?? [], audiences: request.audiences, resources: request.resources },
    now: cambio.now(),
  });
  decision.rules = answer.trace;
  const { rule, allow } = requireGrant(answer);
  const { grant } = allow;
  decision.rule = rule;
  const scopes = grantedScopes({ requested: request.scope, rule: grant.scopes, audience: audience.scopes });
  decision.grantedScope = scopes;
  return { audience, grant, scopes, rule };
}

function requireGrant(answer: PolicyAnswer): Extract<PolicyAnswer, { outcome: 'granted' }> {
  switch (answer.outcome) {
    case 'granted':
      return answer;
    case 'denied':
      throw new Refused({ kind: 'denied', rule: answer.rule });
    case 'no_rule':
      throw new Refused({ kind: 'no_rule' });
  }
}

/**
 * Signature and record do not wait for each other, and the answer waits for both. A record whose signature failed is
 * an orphan that expires.
 */
async function mintAndRecord(
  claims: AccessTokenClaims,
  issuance: IssuanceRecord,
  { audience }: Granted,
  cambio: ExchangeCapabilities,
): Promise<string> {
  const key = await cambio.findSigningKey(audience.alg);
  const input = signingInput(claims, key);
  const [signature] = await Promise.all([cambio.sign(key, input), cambio.record(issuance)]);
  return `${input}.${encodeBase64url(signature)}`;
}

function issuanceRecord(
  claims: AccessTokenClaims,
  subject: VerifiedToken,
  { audience, rule }: Granted,
  cambio: ExchangeCapabilities,
  decision: DecisionFacts,
): IssuanceRecord {
  return {
    jti: claims.jti,
    decisionId: decision.decisionId,
    issuedAt: claims.iat,
    expiresAt: claims.exp,
    subject: claims.sub,
    clientId: claims.client_id,
    audience: audience.name,
    scope: claims.scope,
    rule,
    policyHash: cambio.policy.hash,
    subjectIssuer: subject.issuer.name,
    subjectJti: subject.registered.jti,
  };
}

function tokenResponse(token: string, claims: AccessTokenClaims, request: TokenRequest): TokenResponse {
  return {
    access_token: token,
    issued_token_type: request.requestedTokenType,
    token_type: 'Bearer',
    expires_in: claims.exp - claims.iat,
    ...(claims.scope !== undefined && { scope: claims.scope }),
  };
}
