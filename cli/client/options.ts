// What a user of the client library gives it, in the words of the commands that do the same.

import type { Machine } from '../machine.ts';
import type { Server } from '../server.ts';
import { assertionClient, type Client, keyClient, secretClient } from '../token/client-credentials.ts';
import type { FindToken } from '../token/found-token.ts';
import { checked, tokenFinder } from '../token/subject-token.ts';
import { UsageError } from '../usage.ts';

/** A text, or a function that gives it each time it is needed, so that a rotated one is taken. */
export type TextSource = string | (() => string | Promise<string>);

/**
 * Where a token is: a file or a variable, read anew each time one is needed (Kubernetes replaces projected tokens), a
 * function that gives one, or `aws`: STS `GetWebIdentityToken` with the credentials the process has.
 */
export type TokenSource =
  | (() => string | Promise<string>)
  | { readonly file: string }
  | { readonly env: string }
  | 'aws';

/** How a client of the policy authenticates: a secret, a private key (PEM or JWK), or a workload's own token. */
export type ClientAuthentication =
  | { readonly id: string; readonly secret: TextSource }
  | { readonly id: string; readonly privateKey: TextSource }
  | { readonly id?: string; readonly assertion: TokenSource };

export interface CambioOptions {
  /** The API base: https, or http on loopback. Default: the environment's `CAMBIO_URL`. */
  readonly url?: string;
  /**
   * The token that says who this process is; it is asked for only when an exchange is due, and must not depend on whom the
   * process works for at the moment: a caller's token is `subjectToken` of a call. Default: where CI systems, pods and
   * `CAMBIO_ID_TOKEN` have it, as `cambio exchange` looks for it.
   */
  readonly workloadToken?: TokenSource;
  /** The `aud` to ask a CI system or AWS for. Default: `CAMBIO_TOKEN_AUDIENCE`, else the issuer, as discovery names it. */
  readonly tokenAudience?: string;
  /** Default: an anonymous caller, whose subject token decides. */
  readonly client?: ClientAuthentication;
  /** Milliseconds after which a call gives up, what it tries again included. Default 10,000. */
  readonly timeoutMs?: number;
}

/** @throws UsageError */
export function finderOf(
  { workloadToken: source, tokenAudience }: Pick<CambioOptions, 'workloadToken' | 'tokenAudience'>,
  server: Server,
  machine: Machine,
): FindToken {
  if (typeof source === 'function') return async () => checked({ token: await source(), from: 'workloadToken' });
  const named = source === undefined ? {} : placeOf(source, 'workloadToken');
  return tokenFinder({ ...named, 'token-audience': tokenAudience }, server, machine, { stdin: false });
}

/** @throws UsageError */
export function authenticationOf(
  client: ClientAuthentication | undefined,
  server: Server,
  machine: Machine,
): Client | undefined {
  if (client === undefined) return undefined;
  if ('assertion' in client) {
    const find = finderOf({ workloadToken: client.assertion }, server, machine);
    return assertionClient(client.id, async () => (await find()).token);
  }
  if ('secret' in client) return secretClient(client.id, () => textOf(client.secret, 'client.secret'));
  const key = async () => ({ key: await textOf(client.privateKey, 'client.privateKey'), file: 'client.privateKey' });
  return keyClient(client.id, key, server, machine);
}

function placeOf(source: Exclude<TokenSource, () => unknown>, what: string) {
  if (source === 'aws') return { from: 'aws' };
  if (typeof source === 'object' && 'file' in source) return { 'token-file': source.file };
  if (typeof source === 'object' && 'env' in source) return { 'token-env': source.env };
  throw new UsageError(`${what} is a function, { file }, { env } or 'aws'`);
}

async function textOf(source: TextSource, what: string): Promise<string> {
  const text = typeof source === 'function' ? await source() : source;
  if (typeof text !== 'string' || text === '') throw new UsageError(`${what} is empty`);
  return text;
}
