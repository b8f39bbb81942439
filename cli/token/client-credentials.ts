// Who calls: a client of the policy, by secret, key or a workload's own token (RFC 6749 §2.3, RFC 7523 §2.2), or nobody.

import type { Machine } from '../machine.ts';
import { readText } from '../read-text.ts';
import { type Server, serverOf } from '../server.ts';
import { UsageError } from '../usage.ts';

export interface ClientOptions {
  readonly 'client-id'?: string | undefined;
  readonly 'client-secret-env'?: string | undefined;
  readonly 'client-key'?: string | undefined;
  /** PEM; `client-key` is its key, then. */
  readonly 'client-cert'?: string | undefined;
  readonly 'client-assertion-file'?: string | undefined;
}

/** What authenticates one request. */
export interface ClientCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
}

/** Makes the credentials of one request: an assertion is used up by it, so each attempt needs its own. */
type AuthenticateClient = () => Promise<ClientCredentials>;

export interface Client {
  /** Empty for a federated client whose token says which it is. */
  readonly id: string;
  readonly authenticate: AuthenticateClient;
}

const anonymous: ClientCredentials = { headers: {}, form: {} };

/**
 * Undefined for an anonymous caller.
 * @throws UsageError for options that do not go together
 */
export function clientOf(options: ClientOptions, server: Server, machine: Machine): Client | undefined {
  const { 'client-id': id, 'client-secret-env': variable, 'client-assertion-file': file } = options;
  const { 'client-cert': certificate } = options;
  const key = certificate === undefined ? options['client-key'] : undefined;
  const methods = [variable, key, file].filter((each) => each !== undefined);
  if (methods.length > 1) {
    throw new UsageError('give one of --client-secret-env NAME, --client-key FILE and --client-assertion-file FILE');
  }
  if (methods.length === 0 && id === undefined) return undefined;
  if (methods.length === 0 && id !== undefined && certificate !== undefined) return certificateClient(id);
  // A federated client is known by its token alone, when that fits no other.
  if (file !== undefined) return assertionClient(id, () => readText(file).trim());
  if (id === undefined) throw new UsageError('--client-secret-env and --client-key need --client-id NAME');
  if (variable !== undefined) return secretClient(id, () => secretOf(variable, machine));
  if (key === undefined)
    throw new UsageError(
      '--client-id needs --client-secret-env, --client-key, --client-assertion-file, or --client-cert with --client-key',
    );
  return keyClient(id, () => ({ key: readText(key), file: key }), server, machine);
}

/** @throws UsageError */
export function serverFor(options: ClientOptions & { readonly url?: string | undefined }, machine: Machine): Server {
  const { url, 'client-cert': cert, 'client-key': key } = options;
  if (cert === undefined) return serverOf(url, machine);
  if (key === undefined) throw new UsageError('--client-cert FILE needs --client-key FILE');
  return serverOf(url, machine, async () => (await import('./client-certificate.ts')).readCertificate(cert, key));
}

type Given<Value> = () => Value | Promise<Value>;

/** client_secret_basic. @param secret is asked for each request, so that a rotated one is taken */
export function secretClient(id: string, secret: Given<string>): Client {
  return { id, authenticate: async () => basic(id, await secret()) };
}

/** private_key_jwt, made for the issuer alone. @param key PEM or JWK, and what errors call it */
export function keyClient(
  id: string,
  key: Given<{ readonly key: string; readonly file: string }>,
  server: Server,
  { clock }: Pick<Machine, 'clock'>,
): Client {
  const authenticate = async (): Promise<ClientCredentials> => {
    const given = await key();
    const issuer = await server.issuer();
    // Node's cryptography is a fifth of a command's time: it is loaded for those who sign.
    const { clientAssertion } = await import('./client-assertion.ts');
    return asserted(id, clientAssertion({ id, ...given, issuer, now: Math.floor(clock() / 1_000) }));
  };
  return { id, authenticate };
}

/** `tls_client_auth` and `self_signed_tls_client_auth`: the connection says the rest (RFC 8705 §2). */
function certificateClient(id: string): Client {
  return { id, authenticate: async () => ({ headers: {}, form: { client_id: id } }) };
}

/** A federated client. @param id undefined where its token fits no other client */
export function assertionClient(id: string | undefined, assertion: Given<string>): Client {
  return { id: id ?? '', authenticate: async () => asserted(id, await assertion()) };
}

/** The credentials of a request of this caller. */
export async function authenticate(client: Client | undefined): Promise<ClientCredentials> {
  return client ? client.authenticate() : anonymous;
}

function secretOf(variable: string, { environment }: Machine): string {
  const secret = environment[variable];
  if (!secret) throw new UsageError(`the environment has no ${variable}`);
  return secret;
}

// RFC 6749 §2.3.1: form-urlencoded first.
function basic(id: string, secret: string): ClientCredentials {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  const pair = Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64');
  return { headers: { authorization: `Basic ${pair}` }, form: {} };
}

/** RFC 7523 §2.2. */
export function asserted(id: string | undefined, assertion: string): ClientCredentials {
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  const named = id === undefined ? {} : { client_id: id };
  return { headers: {}, form: { ...named, client_assertion_type: type, client_assertion: assertion } };
}
