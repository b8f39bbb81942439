// Tokens and AWS credentials for a process that needs them again and again: kept, renewed before they end, asked for once
// for all who want them at once. Network, through the machine.

import { limits } from '../agent/broker.ts';
import { credentialsKeeper } from '../agent/role-credentials.ts';
import { tokenKeeper } from '../agent/token-keeper.ts';
import { CallFailed } from '../call-failed.ts';
import { apiHeaders } from '../dpop/api-headers.ts';
import { keyFrom, newKey } from '../dpop/proof.ts';
import { createProver, type Prover } from '../dpop/prover.ts';
import { withRetries } from '../fetch.ts';
import type { Machine } from '../machine.ts';
import { serverOf } from '../server.ts';
import type { FoundToken } from '../token/found-token.ts';
import { checked } from '../token/subject-token.ts';
import { subjectTypeOf } from '../token/token-exchange.ts';
import { UsageError } from '../usage.ts';
import type { ApiRequest, CambioClient, IssuedToken, TokenRequest } from './answers.ts';
import { authenticationOf, finderOf } from './authentication.ts';
import { asCambioError } from './cambio-error.ts';
import type { CambioOptions } from './options.ts';

const defaultTimeout = 10_000;
/** A timer of Node with more fires at once. */
const longestTimer = 2_147_483_647;
const type = 'urn:ietf:params:oauth:token-type';

/** @throws CambioError for options that cannot be meant */
export function tokenClient(options: CambioOptions, machine: Machine): CambioClient {
  try {
    return wired(options, machine);
  } catch (error) {
    throw asCambioError(error);
  }
}

function wired(options: CambioOptions, machine: Machine): CambioClient {
  const url = options.url || machine.environment['CAMBIO_URL'];
  // No default: a token must not go to whoever listens on some port of this machine.
  if (!url) throw new UsageError('give url, or set CAMBIO_URL: the API base of Cambio');
  const server = serverOf(url, machine);
  const client = authenticationOf(options.client, server, machine);
  const prover = proverOf(options, machine);
  const broker = { server, client, findToken: finderOf(options, server, machine), prover, machine };
  const own = tokenKeeper(broker, { maxEntries: limits.own });
  const brought = tokenKeeper(broker, { maxEntries: limits.incoming });
  const roles = credentialsKeeper(broker, { maxEntries: limits.roles });
  const patiently = <Result>(work: () => Promise<Result>, timeoutMs = options.timeoutMs) =>
    withinDeadline(work, timeoutMs ?? defaultTimeout, machine);

  return {
    token: (request) =>
      patiently(async () => {
        const subject = broughtToken(request, 'subjectToken');
        const answer = await (subject ? brought : own).tokenFor({ subject, form: formOf(request) });
        return issuedToken(answer, machine.clock());
      }, request.timeoutMs),
    credentials: (request) =>
      patiently(async () => {
        const subject = broughtToken(request, 'subjectToken');
        const { expiration, accountId, ...keys } = await roles.credentialsFor({ role: named(request.role), subject });
        const { accessKeyId, secretAccessKey, sessionToken } = keys;
        const account = accountId === undefined ? {} : { accountId };
        return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(expiration), ...account };
      }, request.timeoutMs),
    headersFor: (token, request) => {
      try {
        return headersFor(token, request, prover);
      } catch (error) {
        throw asCambioError(error);
      }
    },
    forget: (accessToken) => {
      own.forget(accessToken);
      brought.forget(accessToken);
    },
  };
}

function proverOf({ dpop }: CambioOptions, machine: Machine): Prover | undefined {
  if (!dpop) return undefined;
  const key = dpop === true ? newKey() : keyFrom(dpop.privateKey, 'dpop.privateKey');
  return createProver(key, machine);
}

function headersFor(
  { accessToken, tokenType }: Pick<IssuedToken, 'accessToken' | 'tokenType'>,
  { method, url, nonce }: ApiRequest,
  prover: Prover | undefined,
): Readonly<Record<string, string>> {
  const type = tokenType.toLowerCase();
  if (type === 'bearer') return { authorization: `Bearer ${accessToken}` };
  if (type !== 'dpop') throw new UsageError(`a token of type ${tokenType} is not sent to an API like this`);
  if (!prover) throw new UsageError('the token is bound to a key that this client does not have: give dpop');
  return { ...apiHeaders({ method, url: String(url), token: accessToken, nonce }, prover) };
}

/** Tries again while that may help and there is time; a refusal is told at once. @throws CambioError */
async function withinDeadline<Result>(
  work: () => Promise<Result>,
  timeoutMs: number,
  machine: Machine,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    const late = new CallFailed({ status: 0, description: `no answer within ${timeoutMs} ms` });
    timer = setTimeout(() => reject(late), Math.min(timeoutMs, longestTimer));
  });
  // How often is the cache's business: it asks the server no sooner than Retry-After and its own pauses say.
  const budget = { attempts: Number.POSITIVE_INFINITY, budgetMs: timeoutMs };
  try {
    return await Promise.race([withRetries(work, machine, budget), over]);
  } catch (error) {
    throw asCambioError(error);
  } finally {
    clearTimeout(timer);
  }
}

function formOf(request: TokenRequest): Readonly<Record<string, string>> {
  const { audience, resource, scope, requestedTokenType } = request;
  if ((audience === undefined) === (resource === undefined)) throw new UsageError('give one of audience and resource');
  const [subject, actor] = [broughtToken(request, 'subjectToken'), broughtToken(request, 'actorToken')];
  const form = {
    ...{ audience, resource, scope, requested_token_type: requestedTokenType },
    ...(subject && { subject_token_type: subjectTypeOf(subject.token) }),
    ...(actor && { actor_token: actor.token, actor_token_type: subjectTypeOf(actor.token) }),
  };
  return Object.fromEntries(Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

type Brought = 'subjectToken' | 'actorToken';

/**
 * A token that is named and is not there, as where a request came without one, is refused: whoever brought none must not get
 * what the workload itself is granted.
 */
function broughtToken(request: { readonly [Name in Brought]?: unknown }, name: Brought): FoundToken | undefined {
  if (!Object.hasOwn(request, name)) return undefined;
  const token = request[name];
  if (typeof token !== 'string') throw new UsageError(`${name}: nothing where a token should be`);
  return checked({ token, from: name });
}

function named(role: string): string {
  if (typeof role !== 'string' || role === '') throw new UsageError('name a role');
  return role;
}

function issuedToken(answer: Readonly<Record<string, unknown>>, now: number): IssuedToken {
  const { access_token: accessToken, token_type: tokenType, issued_token_type: issuedTokenType } = answer;
  const { expires_in: life, scope } = answer;
  if (typeof accessToken !== 'string')
    throw new UsageError('the answer holds no token: url must be the API base of Cambio');
  return {
    accessToken,
    tokenType: typeof tokenType === 'string' ? tokenType : 'Bearer',
    issuedTokenType: typeof issuedTokenType === 'string' ? issuedTokenType : `${type}:access_token`,
    expiresAt: new Date(now + Number(life ?? 0) * 1_000),
    scope: typeof scope === 'string' ? scope : undefined,
  };
}
