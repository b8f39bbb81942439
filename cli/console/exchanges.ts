// Exchanges that the page plays on a local stack, with tokens of its stand-ins. Tokens stay here: the page knows those that
// were issued by their `jti`. Network: /_local, POST /token and POST /introspect of the local stack.
import { jsonOf } from '../call-failed.ts';
import { fetchOnce } from '../fetch.ts';
import type { Machine } from '../machine.ts';
import type { Server } from '../server.ts';
import { asserted, type ClientCredentials } from '../token/client-credentials.ts';
import { subjectTypeOf } from '../token/token-exchange.ts';
import { UsageError } from '../usage.ts';
import type { ExchangeToPlay, Json, PlayableClient, PlayedExchange, TokenToIntrospect } from './api.ts';

export interface ExchangeParts {
  readonly server: Server;
  readonly machine: Machine;
  /** Clients that can be played. */
  readonly clients: () => Promise<readonly PlayableClient[]>;
}

export interface Exchanges {
  /** @throws CallFailed where the stack gives no token to exchange, UsageError for what it cannot play */
  readonly play: (asked: ExchangeToPlay) => Promise<PlayedExchange>;
  /** What a token that was issued here is worth now. @throws CallFailed, UsageError */
  readonly introspect: (asked: TokenToIntrospect) => Promise<Json>;
}

/** A page may be open for days: the oldest tokens make room. */
const mostTokens = 200;

export function createExchanges(parts: ExchangeParts): Exchanges {
  const issued = new Map<string, string>();
  const keep = (jti: string, token: string): void => {
    issued.set(jti, token);
    const [oldest] = issued.keys();
    if (issued.size > mostTokens && oldest !== undefined) issued.delete(oldest);
  };
  const kept = (jti: string): string => {
    const token = issued.get(jti);
    if (token === undefined) throw new UsageError('this token was not issued here, or long ago');
    return token;
  };
  return {
    play: async (asked) => {
      const token =
        asked.token === undefined
          ? await standInToken(parts, asked.issuer ?? '', asked.claims ?? {})
          : kept(asked.token);
      const played = await exchange(parts, token, asked);
      const { access_token: text } = played.body;
      const jti = claimsOf(text)?.['jti'];
      if (typeof text === 'string' && typeof jti === 'string') keep(jti, text);
      return playedOf(played, token);
    },
    introspect: async ({ token, client }) => {
      const { headers, form } = await authenticate(parts, client);
      const answer = await post(parts, '/introspect', { token: kept(token), ...form }, headers);
      return answer.body;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: Json;
}

async function exchange(parts: ExchangeParts, token: string, asked: ExchangeToPlay): Promise<Answer> {
  const { client, target, scope } = asked;
  const { headers, form } = client ? await authenticate(parts, client) : { headers: {}, form: {} };
  const request = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: subjectTypeOf(token),
    audience: target,
    ...(scope && { scope }),
    ...form,
  };
  return post(parts, '/token', request, headers);
}

/** The answer whatever its status: a refusal is what the page is about. */
async function post(
  { server, machine }: ExchangeParts,
  path: string,
  form: Readonly<Record<string, string | undefined>>,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) if (value !== undefined) body.set(name, value);
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const sent = {
    method: 'POST',
    url: server.at(path),
    headers: { ...type, ...headers },
    body: body.toString(),
  } as const;
  const answer = await machine.send(sent);
  return { status: answer.status, body: jsonOf(answer) };
}

async function standInToken({ server, machine }: ExchangeParts, issuer: string, claims: Json): Promise<string> {
  const url = server.at(`/_local/issuers/${pathName(issuer)}/token`);
  const { json } = await fetchOnce({ method: 'POST', url, body: JSON.stringify(claims) }, machine);
  return String(json['token']);
}

/** The `/` of a tenant's name stands as it is; what is no name leads to no other path. @throws UsageError */
function pathName(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)?$/.test(name)) return name;
  throw new UsageError('a name is as the policy has it');
}

async function authenticate(parts: ExchangeParts, name: string): Promise<ClientCredentials> {
  const client = (await parts.clients()).find((each) => each.name === name);
  if (!client) throw new UsageError('nothing can stand in for this client');
  if (client.vouchedBy) {
    return asserted(name, await standInToken(parts, client.vouchedBy.issuer, client.vouchedBy.claims));
  }
  const url = parts.server.at(`/_local/clients/${pathName(name)}/assertion`);
  const { json } = await fetchOnce({ method: 'POST', url, body: '{}' }, parts.machine);
  return asserted(name, String(json['assertion']));
}

function playedOf({ status, body }: Answer, token: string): PlayedExchange {
  const presented = claimsOf(token) ?? {};
  const { error, error_description: description, decision_id: decisionId } = body;
  if (status !== 200) {
    return {
      ...{ status, presented, error: String(error), description: String(description) },
      ...(typeof decisionId === 'string' && { decisionId }),
    };
  }
  const { access_token: text, ...facts } = body;
  const claims = claimsOf(text);
  const jti = claims?.['jti'];
  return {
    ...{ status, presented, issued: { ...facts, ...expirationOf(text) } },
    ...(claims && { claims }),
    ...(typeof jti === 'string' && { decisionId: jti }),
  };
}

/** Of AWS credentials nothing else is shown. */
function expirationOf(text: unknown): Json {
  const { Expiration } = objectIn(String(text)) ?? {};
  return Expiration === undefined ? {} : { Expiration };
}

/** The payload of a JWT; undefined for what is none. */
function claimsOf(token: unknown): Json | undefined {
  const [, payload, signature] = typeof token === 'string' ? token.split('.') : [];
  if (payload === undefined || signature === undefined) return undefined;
  return objectIn(Buffer.from(payload, 'base64url').toString('utf8'));
}

function objectIn(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
