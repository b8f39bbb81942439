// Who takes part in an exchange: the client that asks, the subject, the actor; each verified with the same rigour. Pure but
// for the key look-ups it is given.
import type { CompiledPolicy, TrustedIssuer } from '../policy/compiled-policy.ts';
import type { DecisionFacts } from './decision/decision.ts';
import { Refused } from './denial.ts';
import type { ReadKeyring } from './jose/keyring.ts';
import type { TokenCall } from './request/client-credentials.ts';
import { findCredentials } from './request/client-credentials.ts';
import type { TokenRequest } from './request/token-request.ts';
import {
  type AuthenticatedClient,
  authenticateClient,
  type ClientVerifier,
  type FindClientKey,
} from './verify/client-authentication.ts';
import { checkMayAct } from './verify/delegation.ts';
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
  return { issuers, findKey, checkUpstream, now, issuer, clients: policy.clients, findClientKey };
}

/** @throws Refused `client`, `client_methods`, `parameter` or `dpop` */
export async function authenticate({ form, headers }: TokenCall, verifier: ClientVerifier): Promise<Caller> {
  const credentials = findCredentials(form, headers);
  // A caller that proves a key expects a bound token; a Bearer token instead would be a silent downgrade.
  if (headers.dpop !== undefined) throw new Refused({ kind: 'dpop' });
  return credentials && authenticateClient(credentials, verifier);
}

export interface Presentation {
  readonly request: TokenRequest;
  readonly caller: Caller;
  readonly verifier: ClientVerifier;
  readonly capabilities: Pick<VerifierCapabilities, 'issuer' | 'policy'>;
}

/**
 * Verifies the tokens of a request and that they may be presented together, by this caller. An actor that does not
 * verify is refused whatever policy would say.
 * @throws Refused `token`
 */
export async function verifyParties(
  { request, caller, verifier, capabilities }: Presentation,
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
  const presentation = { presenter: client, clients: capabilities.policy.clients };
  inRole('subject_token', () => checkPresented(subject, { ...presentation, role: 'subject' }));
  if (actor) inRole('actor_token', () => checkPresented(actor, { ...presentation, role: 'actor' }));
  checkMayAct(subject, { actor, client, issuer: capabilities.issuer });
  return { subject, actor };
}

/** Whether any rule lets tokens outlive an issuer's. */
function outlives({ policy }: Presentation['capabilities']): (issuer: TrustedIssuer) => boolean {
  return ({ name }) => policy.rules.some((rule) => rule.from === name && 'grant' in rule && rule.outlive);
}
