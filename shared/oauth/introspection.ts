// Token introspection (RFC 7662): a client that may introspect the token's audience learns what the token says and whether it
// is active. Everybody else learns only that it is not active. Pure but for the capabilities.
import type { Client } from '../policy/compiled-policy.ts';
import { answerAlgorithm } from '../policy/key-purposes.ts';
import {
  type AdmissionCapabilities,
  admitCaller,
  callerNames,
  checkHolds,
  presentedAssertion,
  tokenDenial,
} from './admission.ts';
import type { DecisionFacts } from './decision/decision.ts';
import { type Reason, Refused } from './denial.ts';
import { TokenRefused } from './jose/jwt.ts';
import type { SigningKey } from './jose/keyring.ts';
import { type SigningCapabilities, signFor, signingInput } from './jose/signed-jwt.ts';
import { authenticate, type VerifierCapabilities, verifierOf } from './parties.ts';
import type { TokenCall } from './request/client-credentials.ts';
import { parseTokenQuery } from './request/token-query.ts';
import { findOwnToken, type LookupCapabilities } from './tokens/find-token.ts';
import { accessTokenType } from './tokens/issued-token.ts';
import type { AuthenticatedClient } from './verify/client-authentication.ts';
import { audienceOf } from './verify/self-issuer.ts';
import type { VerifiedToken } from './verify/verify-token.ts';

export interface IntrospectionCapabilities
  extends LookupCapabilities,
    VerifierCapabilities,
    AdmissionCapabilities,
    SigningCapabilities {
  /** Takes one from a client's budget of tokens that turn out not to be active; false when nothing is left. */
  readonly mayGuess: (client: string) => boolean;
}

/** An answer of RFC 7662 §2.2. */
export type Introspection =
  | { readonly active: false }
  | ({ readonly active: true } & Readonly<Record<string, unknown>>);

export interface Introspected {
  readonly client: Client;
  readonly introspection: Introspection;
}

/**
 * Introspects a token. `decision` is filled on the way; why a token is not active stands there, and only there.
 * @throws Refused `parameter`, `client`, `client_methods`, `throttled` or `unavailable`
 */
export function introspect(
  call: TokenCall,
  capabilities: IntrospectionCapabilities,
  decision: DecisionFacts,
): Promise<Introspected> {
  return answerIntrospection({ call, decision }, capabilities, async (introspected) => introspected);
}

/**
 * Introspects a token, and signs the answer.
 * @throws Refused as {@link introspect}, and `signing_input`
 */
export function introspectSigned(
  call: TokenCall,
  capabilities: IntrospectionCapabilities,
  decision: DecisionFacts,
): Promise<string> {
  const answer = (introspected: Introspected): Promise<string> => signIntrospection(introspected, capabilities);
  return answerIntrospection({ call, decision }, capabilities, answer);
}

interface IntrospectionRequest {
  readonly call: TokenCall;
  readonly decision: DecisionFacts;
}

/** An assertion is used by an answer only, a signed one's signature included. */
async function answerIntrospection<Answer>(
  { call, decision }: IntrospectionRequest,
  capabilities: IntrospectionCapabilities,
  answer: (introspected: Introspected) => Promise<Answer>,
): Promise<Answer> {
  const token = parseTokenQuery(call.form);
  const caller = await authenticate(call, verifierOf(capabilities));
  if (!caller) throw new Refused({ kind: 'client' });
  decision.request = { audiences: [], resources: [], scope: undefined, client: caller.client.name };
  return admitCaller({ caller, decision }, capabilities, async () =>
    answer({ client: caller.client, introspection: await lookUp(token, caller, capabilities, decision) }),
  );
}

async function lookUp(
  presented: string,
  caller: AuthenticatedClient,
  capabilities: IntrospectionCapabilities,
  decision: DecisionFacts,
): Promise<Introspection> {
  const token = await findFor(presented, caller.client, capabilities, decision).catch(reasonOf);
  const assertion = presentedAssertion(caller);
  const looked = typeof token === 'string' ? [] : [{ token, refuse: tokenDenial('token') }];
  // Who calls comes first: whoever is nobody now learns nothing of the token, that it is revoked too included.
  const revoked = await checkHolds(
    { tokens: [...assertion, ...looked], names: callerNames(caller) },
    capabilities,
  ).then(() => undefined, reasonOf);
  if (typeof token !== 'string' && revoked === undefined) return activeAnswer(token);
  if (!capabilities.mayGuess(caller.client.name)) throw new Refused({ kind: 'throttled' });
  decision.inactive = typeof token === 'string' ? token : (revoked ?? 'malformed');
  return { active: false };
}

/** A token of ours that is good by itself, for an audience this client answers for (RFC 7662 §4). */
async function findFor(
  presented: string,
  { introspects }: Client,
  capabilities: IntrospectionCapabilities,
  decision: DecisionFacts,
): Promise<VerifiedToken> {
  const token = await findOwnToken(presented, capabilities);
  decision.subject.verified = token;
  decision.subject.genuine = true;
  const audience = audienceOf(token, capabilities.policy);
  if (audience && introspects.includes(audience.name)) return token;
  throw new TokenRefused('audience', 'the client does not introspect for this audience');
}

/** Why a token is not active; whatever says nothing of the token goes on as it is. */
function reasonOf(error: unknown): Reason {
  if (error instanceof TokenRefused) return error.reason;
  if (error instanceof Refused && error.denial.kind === 'token') return error.denial.reason;
  throw error;
}

/** What the token says, but for what it says to Cambio alone; no claim that policy maps stands in for our own word. */
function activeAnswer({ claims }: VerifiedToken): Introspection {
  const { lineage: _, ...told } = claims;
  return { ...told, active: true, token_type: 'req_wl' in claims ? 'N_A' : accessTokenType(claims) };
}

/**
 * The answer as a JWT for the client alone. Its claims are no access token's: `sub` and `exp` are inside, where nobody who
 * confuses the two finds them.
 * @see [RFC 9701 §5](https://www.rfc-editor.org/rfc/rfc9701.html#section-5)
 */
async function signIntrospection(
  { client, introspection }: Introspected,
  capabilities: IntrospectionCapabilities,
): Promise<string> {
  const claims = {
    iss: capabilities.issuer,
    aud: client.name,
    iat: capabilities.now(),
    token_introspection: introspection,
  };
  const inputOf = (key: SigningKey) => signingInput('token-introspection+jwt', claims, key);
  return signFor({ use: 'answer', alg: answerAlgorithm }, inputOf, capabilities);
}
