// The options of the client library in the words of the commands that do the same.

import type { Machine } from '../machine.ts';
import type { Server } from '../server.ts';
import { assertionClient, type Client, keyClient, secretClient } from '../token/client-credentials.ts';
import type { FindToken } from '../token/found-token.ts';
import { checked, tokenFinder } from '../token/subject-token.ts';
import { UsageError } from '../usage.ts';
import type { CambioOptions, ClientAuthentication, TextSource, TokenSource } from './options.ts';

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
