// Who calls (RFC 6749 §2.3, RFC 7523 §3 with its update 7523bis): a client of the policy, or nobody. Every failure looks
// the same to the caller. Pure but for the key look-ups it is given.
import { hash, timingSafeEqual } from 'node:crypto';
import type {
  Client,
  ClientAuthentication,
  CompiledPolicy,
  IssuerNetwork,
  KeySource,
} from '../../policy/compiled-policy.ts';
import { evaluateMatch } from '../../policy/match.ts';
import { Refused } from '../denial.ts';
import { type ParsedJwt, parseJwt, TokenRefused } from '../jose/jwt.ts';
import type { VerificationKey } from '../jose/key-set.ts';
import { readRegisteredClaims } from '../jose/registered-claims.ts';
import { verifiesJws } from '../jose/signature.ts';
import type { ClientCredentials } from '../request/client-credentials.ts';
import { tokenTypes } from '../token-types.ts';
import type { MatchesCertificate } from './client-certificate.ts';
import { checkPresented } from './presentation.ts';
import type { SingleUse } from './single-use.ts';
import { type VerifiedToken, type Verifier, verifyJwt } from './verify-token.ts';

/** Finds the key of a `private_key_jwt` client, as {@link FindIssuerKey} does an issuer's. */
export type FindClientKey = (
  client: { readonly name: string; readonly keys: KeySource; readonly network: IssuerNetwork },
  wanted: { readonly alg: string; readonly kid: string | undefined },
) => Promise<VerificationKey | undefined>;

export interface AuthenticatedClient {
  readonly client: Client;
  /** To be recorded before an answer leaves; absent where nothing is used up. */
  readonly use?: SingleUse | undefined;
  /** The trusted issuer's token that was its assertion. */
  readonly token?: VerifiedToken;
}

export interface ClientVerifier extends Verifier {
  /** `aud` of assertions made for us. */
  readonly issuer: string;
  readonly clients: CompiledPolicy['clients'];
  readonly findClientKey: FindClientKey;
  /** Left out of functions whose policy has no client with a certificate. */
  readonly matchesCertificate?: MatchesCertificate | undefined;
}

type KeyedClient = Client & { readonly auth: Extract<ClientAuthentication, { method: 'private_key_jwt' }> };

/** Hashing more than this would be work an attacker chooses. */
const maxSecretBytes = 1_024;
/** Seconds an assertion of a client's own key may still live. */
const maxAssertionLifetime = 600;

/**
 * Authenticates by the one method the request uses.
 * @throws Refused `client`
 */
export async function authenticateClient(
  credentials: ClientCredentials,
  verifier: ClientVerifier,
): Promise<AuthenticatedClient> {
  const caller = await authenticateHolder(credentials, verifier);
  return 'client' in caller ? caller : failed();
}

/** The holder of a trusted issuer's token that belongs to no client; the request names no client either. */
export interface Stranger {
  readonly stranger: VerifiedToken;
}

/**
 * As {@link authenticateClient}, for the one endpoint that serves holders of tokens who are no client (docs/lifecycle.md).
 * @throws Refused `client`
 */
export async function authenticateHolder(
  credentials: ClientCredentials,
  verifier: ClientVerifier,
): Promise<AuthenticatedClient | Stranger> {
  if (credentials.method === 'client_secret') return { client: checkSecret(credentials, verifier) };
  if (credentials.method === 'certificate') return { client: checkCertificate(credentials, verifier) };
  try {
    return await checkAssertion(credentials, verifier);
  } catch (cause) {
    if (cause instanceof TokenRefused) throw new Refused({ kind: 'client' }, { cause });
    throw cause;
  }
}

// An unknown client costs the same hash and comparison as a wrong secret.
function checkSecret(
  { clientId, secret }: Extract<ClientCredentials, { method: 'client_secret' }>,
  { clients, now }: ClientVerifier,
): Client {
  if (Buffer.byteLength(secret) > maxSecretBytes) return failed();
  const client = Object.hasOwn(clients, clientId) ? clients[clientId] : undefined;
  const sent = hash('sha256', secret, 'buffer');
  const ways = client ? waysOf(client, now()) : [];
  const matching = ways.filter(
    (auth) => auth.method === 'client_secret' && timingSafeEqual(sent, Buffer.from(auth.sha256, 'hex')),
  );
  if (matching.length === 0) timingSafeEqual(sent, Buffer.alloc(32));
  return client && matching.length > 0 ? client : failed();
}

/** RFC 8705 §2: the connection has proved the key; whose certificate it is, the client's entry says. */
function checkCertificate(
  { clientId, certificate }: Extract<ClientCredentials, { method: 'certificate' }>,
  { clients, matchesCertificate, now }: ClientVerifier,
): Client {
  const client = Object.hasOwn(clients, clientId) ? clients[clientId] : undefined;
  if (!client || !matchesCertificate) return failed();
  return matchesCertificate(waysOf(client, now()), certificate, { clients, now: now() }) ? client : failed();
}

/** The client's secrets or keys that have not ended. */
function waysOf({ auth, also = [] }: Client, now: number): readonly ClientAuthentication[] {
  return [auth, ...also].filter(({ notAfter }) => notAfter === undefined || notAfter > now);
}

// The assertion's own `iss` says which kind it is: a client's name, or a trusted issuer's URL.
function checkAssertion(
  { assertion, clientId }: Extract<ClientCredentials, { method: 'client_assertion' }>,
  verifier: ClientVerifier,
): Promise<AuthenticatedClient | Stranger> {
  const jwt = parseJwt(assertion);
  const { iss } = jwt.claims;
  const named = typeof iss === 'string' && Object.hasOwn(verifier.clients, iss) ? verifier.clients[iss] : undefined;
  return named && isKeyed(named)
    ? checkOwnKey(jwt, named, clientId, verifier)
    : checkFederated(assertion, clientId, verifier);
}

/** RFC 7523 §3: `iss` = `sub` = the client; 7523bis: `aud` is the issuer alone; used once. */
async function checkOwnKey(
  jwt: ParsedJwt,
  client: KeyedClient,
  clientId: string | undefined,
  verifier: ClientVerifier,
): Promise<AuthenticatedClient> {
  const { typ } = jwt.header;
  const { sub, aud, exp, nbf, iat, jti } = readRegisteredClaims(jwt.claims);
  const { name } = client;
  const now = verifier.now();
  if (sub !== name || (clientId !== undefined && clientId !== name)) refuse('sub or client_id is another client');
  if (aud.length !== 1 || aud[0] !== verifier.issuer) refuse('aud is not the issuer alone');
  if (typ !== undefined && typ !== 'jwt' && typ !== 'client-authentication+jwt') refuse('typ is of another kind');
  if (exp <= now || exp > now + maxAssertionLifetime) refuse('exp has passed or is too far');
  if ((nbf ?? 0) > now + clockSkew || (iat ?? 0) > now + clockSkew) refuse('not yet valid');
  if (jti === undefined) return refuse('no jti');
  await verifyByOwnKey(jwt, client, verifier, now);
  // Longer than it is accepted: whoever checked it a moment ago may take it now, by a clock that is behind ours.
  return { client, use: { issuer: name, jti, expiresAt: exp + clockSkew } };
}

/**
 * Of several keys each is looked for in turn: they may be published at several places, and one that is no longer served must not keep
 * out who signs with the next.
 */
async function verifyByOwnKey(jwt: ParsedJwt, client: Client, verifier: ClientVerifier, now: number): Promise<void> {
  const { alg, kid } = jwt.header;
  let problem = 'every key of the client has ended';
  const failures: unknown[] = [];
  for (const [index, auth] of [client.auth, ...(client.also ?? [])].entries()) {
    if (auth.method !== 'private_key_jwt' || !waysOf({ ...client, auth, also: [] }, now).length) continue;
    problem = 'alg is not allowed';
    if (!(auth.algorithms as readonly string[]).includes(alg === 'EdDSA' ? 'Ed25519' : alg)) continue;
    // No name has a `#`: what is remembered of one source is not of another.
    const name = index === 0 ? client.name : `${client.name}#${index}`;
    const key = await verifier.findClientKey({ name, ...auth }, { alg, kid }).catch((error: unknown) => {
      failures.push(error);
      return undefined;
    });
    problem = key ? 'signature does not verify' : 'no key of the client fits';
    if (key && verifiesJws(jwt.compact, key.key, alg)) return;
  }
  // With what could not be looked at it might be good.
  if (failures.length > 0) throw failures[0];
  refuse(problem);
}

/** Seconds a client's clock may be ahead of ours. */
const clockSkew = 60;

/** A trusted issuer's token as assertion: verified like a subject, reusable until it expires unless its issuer says otherwise. */
async function checkFederated(
  assertion: string,
  clientId: string | undefined,
  verifier: ClientVerifier,
): Promise<AuthenticatedClient | Stranger> {
  const token = await verifyJwt(assertion, tokenTypes.jwt, verifier, {});
  const matching = matchingClients(token, verifier).filter(({ name }) => clientId === undefined || clientId === name);
  const [client] = matching;
  checkPresented(token, { role: 'assertion', presenter: client?.name, clients: verifier.clients });
  if (!client && clientId === undefined) return { stranger: token };
  // Without client_id the token must say which client it is by itself.
  if (!client || matching.length > 1) return refuse('the token is of no client, or of several');
  return { client, use: token.use, token };
}

/** The clients a trusted issuer's token may stand for. */
function matchingClients(
  { issuer, claims }: VerifiedToken,
  { clients }: Pick<ClientVerifier, 'clients'>,
): readonly Client[] {
  return Object.values(clients).filter(
    ({ auth }) =>
      auth.method === 'federated' &&
      auth.issuer === issuer.name &&
      auth.match.every((match) => evaluateMatch(match, claims).matched),
  );
}

function isKeyed(client: Client): client is KeyedClient {
  return client.auth.method === 'private_key_jwt';
}

function refuse(detail: string): never {
  throw new TokenRefused('client', detail);
}

function failed(): never {
  throw new Refused({ kind: 'client' });
}
