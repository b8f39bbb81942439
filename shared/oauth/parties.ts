// Who takes part in an exchange: the client that asks, the subject, the actor; each verified with the same rigour. Pure but
// for the key look-ups it is given.
import type { CompiledPolicy, TrustedIssuer } from '../policy/compiled-policy.ts';
import type { DecisionFacts } from './decision/decision.ts';
import { Refused } from './denial.ts';
import type { ReadKeyring } from './jose/keyring.ts';
import type { ClientCredentials, TokenCall } from './request/client-credentials.ts';
import { findCredentials } from './request/client-credentials.ts';
import type { TokenRequest } from './request/token-request.ts';
import {
  type AuthenticatedClient,
  authenticateClient,
  type ClientVerifier,
  type FindClientKey,
} from './verify/client-authentication.ts';
import type { MatchesCertificate } from './verify/client-certificate.ts';
import { checkMayAct } from './verify/delegation.ts';
import { type Possession, type ProofCapabilities, requireProof, requireTokenHash } from './verify/possession.ts';
import { checkPresented } from './verify/presentation.ts';
import { findOwnKey, selfIssuer, selfName } from './verify/self-issuer.ts';
import {
  type CheckUpstream,
  type FindIssuerKey,
  inRole,
  type VerifiedToken,
  verifyToken,
} from './verify/verify-token.ts';

export interface Parties {
  readonly subject: VerifiedToken;
  readonly actor: VerifiedToken | undefined;
}

/** An authenticated client, or nobody. */
export type Caller = AuthenticatedClient | undefined;

export interface VerifierCapabilities {
  readonly policy: CompiledPolicy;
  readonly issuer: string;
  readonly findClientKey: FindClientKey;
  readonly findIssuerKey: FindIssuerKey;
  readonly checkUpstream: CheckUpstream;
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly readKeyring: ReadKeyring;
  readonly matchesCertificate?: MatchesCertificate | undefined;
}

/** Of each policy, its issuers and ours before them: whoever names our `iss` as his own takes no token of ours. */
const issuersOf = new WeakMap<CompiledPolicy, readonly TrustedIssuer[]>();

/** Cambio's own tokens are verified like everybody's, with its own keys. */
export function verifierOf(capabilities: VerifierCapabilities): ClientVerifier {
  const { policy, issuer, findClientKey, findIssuerKey, checkUpstream, now, readKeyring } = capabilities;
  const issuers = issuersOf.get(policy) ?? [selfIssuer(issuer, policy), ...Object.values(policy.issuers)];
  issuersOf.set(policy, issuers);
  const findKey: FindIssuerKey = async (of, wanted) =>
    of.name === selfName ? findOwnKey(await readKeyring(), wanted) : findIssuerKey(of, wanted);
  const { matchesCertificate } = capabilities;
  return { issuers, findKey, checkUpstream, now, issuer, clients: policy.clients, findClientKey, matchesCertificate };
}

/** @throws Refused `client`, `client_methods` or `parameter` */
export async function authenticate(call: TokenCall, verifier: ClientVerifier): Promise<Caller> {
  const credentials = findCredentials(call);
  if (credentials) requireOneMethod(call, credentials, verifier);
  return credentials && authenticateClient(credentials, verifier);
}

/** A connection that authenticates a client is a method, too (RFC 6749 §2.3). */
function requireOneMethod(
  { certificate }: TokenCall,
  { method, clientId = '' }: ClientCredentials,
  { clients }: ClientVerifier,
): void {
  const named = Object.hasOwn(clients, clientId) ? clients[clientId] : undefined;
  if (certificate && method !== 'certificate' && named?.auth.method.endsWith('tls_client_auth')) {
    throw new Refused({ kind: 'client_methods' });
  }
}

export interface PossessionCapabilities extends Pick<ProofCapabilities, 'checkProof'> {
  /** URL that discovery names endpoints below, without a trailing slash. */
  readonly apiBase: string;
  /** … and those for callers with a certificate (RFC 8705 §5), where there is a domain with mutual TLS. */
  readonly mtlsBase?: string | undefined;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

const tokenEndpoint = { method: 'POST', path: '/token' };

/**
 * What the caller proves to hold. Before any token is verified: who only asks for a nonce costs nothing else.
 * @throws Refused `dpop`, `dpop_nonce` or `unavailable`
 */
export async function provePossession(
  { headers: { dpop }, certificate, domainName, endpoint: { method, path } = tokenEndpoint }: TokenCall,
  capabilities: PossessionCapabilities,
): Promise<Possession> {
  if (dpop === undefined) return { certificate };
  const htu = `${baseAt(domainName, capabilities)}${path}`;
  const proof = await requireProof(dpop, { htm: method, htu, now: capabilities.now() }, capabilities);
  return { proof, certificate };
}

/** What discovery calls the API where the request came in. */
function baseAt(
  domainName: string | undefined,
  { apiBase, mtlsBase }: Pick<PossessionCapabilities, 'apiBase' | 'mtlsBase'>,
): string {
  return mtlsBase !== undefined && mtlsBase === `https://${domainName}` ? mtlsBase : apiBase;
}

export interface Presentation {
  readonly request: TokenRequest;
  readonly caller: Caller;
  readonly possession: Possession;
  readonly verifier: ClientVerifier;
  readonly capabilities: Pick<VerifierCapabilities, 'issuer' | 'policy'>;
}

/**
 * Verifies the tokens of a request and that they may be presented together, by this caller. An actor that does not
 * verify is refused whatever policy would say.
 * @throws Refused `token` or `dpop`
 */
export async function verifyParties(
  { request, caller, possession, verifier, capabilities }: Presentation,
  decision: DecisionFacts,
): Promise<Parties> {
  const client = caller?.client.name;
  decision.actor.presented = request.actor !== undefined;
  // Two issuers' keys are fetched side by side; of two refusals the subject's is told.
  const acting = request.actor && verifyToken(request.actor, verifier, decision.actor);
  acting?.catch(() => {});
  const subject = await verifyToken(
    request.subject,
    { ...verifier, mayBeLate: outlives(capabilities) },
    decision.subject,
  );
  const actor = await acting;
  const presentation = { presenter: client, clients: capabilities.policy.clients, possession };
  inRole('subject_token', () => checkPresented(subject, { ...presentation, role: 'subject' }));
  if (actor) inRole('actor_token', () => checkPresented(actor, { ...presentation, role: 'actor' }));
  requireTokenHash(possession, [
    { token: subject, compact: request.subject.token },
    ...(actor && request.actor ? [{ token: actor, compact: request.actor.token }] : []),
  ]);
  checkMayAct(subject, { actor, client, issuer: capabilities.issuer });
  return { subject, actor };
}

/** Whether any rule lets tokens outlive an issuer's. */
function outlives({ policy }: Presentation['capabilities']): (issuer: TrustedIssuer) => boolean {
  return ({ name }) => policy.rules.some((rule) => rule.from === name && 'grant' in rule && rule.outlive);
}
