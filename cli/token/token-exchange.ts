// One token exchange as a client sends it (RFC 8693 §2.1), with what a failure of it means. Network, through fetch.

import { CallFailed } from '../call-failed.ts';
import type { Prover } from '../dpop/prover.ts';
import { type Answered, fetchOnce, type RetryLimits, withRetries } from '../fetch.ts';
import type { Machine } from '../machine.ts';
import type { Endpoint, Server } from '../server.ts';
import { UsageError } from '../usage.ts';
import { authenticate, type Client } from './client-credentials.ts';
import type { FoundToken } from './found-token.ts';
import { boundKeyOf, factsOf, tokenSummary } from './token-facts.ts';

export interface Exchange {
  readonly subject: FoundToken;
  readonly client: Client | undefined;
  /** Where the caller proves to hold a key. */
  readonly prover?: Prover | undefined;
  /** `audience`, `resource`, `scope`, `requested_token_type`; undefined is left out. */
  readonly form: Readonly<Record<string, string | undefined>>;
  readonly limits?: RetryLimits;
  readonly timeoutMs?: number;
}

const type = 'urn:ietf:params:oauth:token-type';

/**
 * Tried again while that may help and the subject token lives.
 * @throws CallFailed with hints
 */
export async function exchangeToken(exchange: Exchange, server: Server, machine: Machine): Promise<Answered> {
  const { subject, client, prover, limits, timeoutMs } = exchange;
  const attempt = async () => {
    const url = await server.endpoint('/token');
    const send = async (proof: Headers = {}): Promise<Answered> => {
      const { headers, form } = await authenticate(client);
      const body = formOf({ ...exchangeForm(subject.token), ...exchange.form, ...form });
      const certificate = await server.certificate();
      return fetchOnce({ ...formRequest(url, body, { ...headers, ...proof }, timeoutMs), certificate }, machine);
    };
    return prover ? prover.prove({ method: 'POST', url, token: provedToken(exchange) }, send) : send();
  };
  const answered = await withRetries(attempt, machine, { ...lifeOf(subject), ...limits }).catch((error) =>
    withFacts(error, exchange, machine),
  );
  if (prover) requireBound(answered);
  return answered;
}

/** RFC 9449 §5: an answer to a proof that is a bearer token all the same is good for any thief. @throws UsageError */
function requireBound({ json }: Answered): void {
  if (String(json['token_type']).toLowerCase() !== 'bearer') return;
  throw new UsageError('the server bound the token to no key: --url must be the API base of Cambio');
}

/** Of the tokens presented, the first that is bound; its hash is part of the proof (docs/http.md). */
function provedToken({ subject: { token }, form }: Exchange): string {
  const actor = form['actor_token'];
  return boundKeyOf(token) === undefined && actor !== undefined && boundKeyOf(actor) !== undefined ? actor : token;
}

/** Until when it makes sense to present a token. */
export function lifeOf({ token }: FoundToken): Pick<RetryLimits, 'until'> {
  const exp = factsOf(token)?.exp;
  return exp === undefined ? {} : { until: exp * 1_000 };
}

/** POST of a form by a client, tried again as {@link exchangeToken} is. @throws CallFailed */
export function postForm(path: Endpoint, form: Form, { server, client, machine }: Asking): Promise<Answered> {
  return withRetries(async () => {
    const url = await server.endpoint(path);
    const { headers, form: credentials } = await client.authenticate();
    const certificate = await server.certificate();
    return fetchOnce({ ...formRequest(url, formOf({ ...form, ...credentials }), headers), certificate }, machine);
  }, machine);
}

/** Who asks whom. */
export interface Asking {
  readonly server: Server;
  readonly client: Client;
  readonly machine: Machine;
}

type Form = Readonly<Record<string, string | undefined>>;
type Headers = Readonly<Record<string, string>>;

function formRequest(url: URL, body: string, headers: Headers, timeoutMs?: number) {
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url, headers: { ...type, ...headers }, body, ...(timeoutMs && { timeoutMs }) } as const;
}

function exchangeForm(token: string): Form {
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: subjectTypeOf(token),
  };
}

/** RFC 9068 §2.1: `at+jwt` is an access token, and so is what is no JWT at all; other JWTs are just that. */
export function subjectTypeOf(token: string): string {
  const facts = factsOf(token);
  const isAccessToken = !facts || /^(?:application\/)?at\+jwt$/i.test(facts.typ ?? '');
  return isAccessToken ? `${type}:access_token` : `${type}:jwt`;
}

function formOf(form: Form): string {
  const present = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new URLSearchParams(present).toString();
}

/** Adds to a failure which token was sent for whom, without the token. */
export function withFacts(
  error: unknown,
  { subject, client }: Pick<Exchange, 'subject' | 'client'>,
  machine: Machine,
): never {
  if (!(error instanceof CallFailed)) throw error;
  const caller = client ? [`client:   ${client.id || 'the one its token fits'}`] : [];
  const token = `token:    from ${subject.from}: ${tokenSummary(subject.token, machine.clock())}`;
  throw new CallFailed(error.facts, [...error.hints, token, ...caller]);
}
