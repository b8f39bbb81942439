// The OIDC token of a GitHub Actions job, asked for with the request token that the runner gives it. Network.
// https://docs.github.com/actions/reference/security/oidc

import { CallFailed } from '../call-failed.ts';
import { fetchWithRetries } from '../fetch.ts';
import { assertPrivate } from '../server.ts';
import { UsageError } from '../usage.ts';
import type { FoundToken, Search } from './found-token.ts';

const from = 'ACTIONS_ID_TOKEN_REQUEST_URL';

/** Undefined outside of a job that may ask. @throws CallFailed, UsageError */
export async function githubToken({ audience, machine }: Search): Promise<FoundToken | undefined> {
  const { [from]: text, ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken } = machine.environment;
  if (!text) return undefined;
  if (!requestToken) throw new UsageError(`${from} is set and ACTIONS_ID_TOKEN_REQUEST_TOKEN is not`);
  if (!URL.canParse(text)) throw new UsageError(`${from} is no URL`);
  const url = new URL(text);
  assertPrivate(url, from);
  url.searchParams.set('audience', await audience());
  const { json } = await fetchWithRetries({ url, headers: { authorization: `Bearer ${requestToken}` } }, machine).catch(
    explained,
  );
  const { value } = json;
  if (typeof value !== 'string') throw new UsageError(`${from}: the answer holds no token`);
  return { token: value, from };
}

function explained(error: unknown): never {
  if (!(error instanceof CallFailed)) throw error;
  throw new CallFailed(error.facts, ['from:     GitHub, asked for the token of this job']);
}
