// AWS credentials of a role, from POST /token or, with account and role beside them, from GET /credentials. Network,
// through fetch.
import { fetchOnce, withRetries } from '../fetch.ts';
import type { Machine } from '../machine.ts';
import type { Server } from '../server.ts';
import { type Exchange, exchangeToken, lifeOf, withFacts } from '../token/token-exchange.ts';
import { UsageError } from '../usage.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** ISO 8601. */
  readonly expiration: string;
  readonly accountId: string | undefined;
  readonly roleArn: string | undefined;
}

export interface RoleRequest extends Omit<Exchange, 'form'> {
  /** Name in the policy, or ARN. */
  readonly role: string;
}

const awsCredentialsType = 'urn:cambio:token-type:aws-credentials';

/** From the token endpoint, whose errors say most. @throws CallFailed */
export async function exchangeForRole(
  { role, ...exchange }: RoleRequest,
  server: Server,
  machine: Machine,
): Promise<AwsCredentials> {
  const target = role.startsWith('arn:') ? { resource: role } : { audience: role };
  const form = { ...target, requested_token_type: awsCredentialsType };
  const { json } = await exchangeToken({ ...exchange, form }, server, machine);
  return parseCredentials(documentOf(json['access_token']));
}

/** From the credentials endpoint; clients, whom it cannot authenticate, from the token endpoint. @throws CallFailed */
export async function fetchForRole(request: RoleRequest, server: Server, machine: Machine): Promise<AwsCredentials> {
  const { role, subject, client, prover, limits, timeoutMs } = request;
  if (client) return exchangeForRole(request, server, machine);
  const { token } = subject;
  const attempt = async () => {
    const url = await server.endpoint('/credentials');
    url.searchParams.set('role', role);
    const send = async (proof: { readonly dpop?: string } = {}) => {
      const headers = { authorization: `Bearer ${token}`, ...proof };
      const certificate = await server.certificate();
      return fetchOnce({ url, headers, certificate, ...(timeoutMs && { timeoutMs }) }, machine);
    };
    return prover ? prover.prove({ method: 'GET', url, token }, send) : send();
  };
  const asked = withRetries(attempt, machine, { ...lifeOf(subject), ...limits });
  const { json } = await asked.catch((error) => withFacts(error, request, machine));
  return parseCredentials(json);
}

/** The document of the token endpoint is JSON in a string. */
function documentOf(value: unknown): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    return typeof document === 'object' && document !== null ? { ...document } : {};
  } catch {
    return {};
  }
}

function parseCredentials(document: Readonly<Record<string, unknown>>): AwsCredentials {
  const { AccessKeyId, SecretAccessKey, SessionToken, Token, Expiration, AccountId, RoleArn } = document;
  const sessionToken = SessionToken ?? Token;
  if (!isPlain(AccessKeyId) || !isPlain(SecretAccessKey) || !isPlain(sessionToken) || !isDate(Expiration)) {
    throw new UsageError('the answer holds no AWS credentials: --url must be the API base of Cambio');
  }
  const accountId = isPlain(AccountId) ? AccountId : undefined;
  const roleArn = isPlain(RoleArn) ? RoleArn : undefined;
  const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken };
  return { ...keys, expiration: Expiration, accountId, roleArn };
}

// They end up in shells, environment files and headers: nothing but visible ASCII, whoever answered.
function isPlain(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
}

function isDate(value: unknown): value is string {
  return isPlain(value) && !Number.isNaN(Date.parse(value));
}
