// A call of /admin/*, which IAM guards: signed with SigV4 for API Gateway. Network, through ask.
import { type Answered, ask } from './ask.ts';
import { CallFailed } from './call-failed.ts';
import { type Environment, regionOf } from './environment.ts';
import { isLocal } from './server.ts';
import { type Credentials, credentialsFrom, signRequest } from './sigv4.ts';
import type { Surroundings } from './surroundings.ts';

export interface AdminCall {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly json?: object;
  /** As IAM names it, for a caller who is not let in: `POST /admin/revocations`. */
  readonly action: string;
  /** What a 404 means. */
  readonly absent?: string;
  /** Default true; false where a second call does something else than the first. */
  readonly mayRepeat?: boolean;
}

/** @throws CallFailed with what IAM has to allow, UsageError without credentials */
export async function callAdmin(call: AdminCall, around: Surroundings): Promise<Answered> {
  const { method, url, json } = call;
  const body = json === undefined ? undefined : JSON.stringify(json);
  const region = regionOf(url, around.environment);
  const credentials = credentialsOf(url, around.environment);
  const now = new Date(around.now());
  const signed = { method, url, region, service: 'execute-api', credentials, now };
  const headers = {
    ...signRequest({ ...signed, ...(body !== undefined && { body }) }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  const request = { method, url, headers, ...(body !== undefined && { body }) };
  return ask(request, around, { attempts: call.mayRepeat === false ? 1 : 3 }).catch((error) => explain(error, call));
}

/** The local stack wants a signature to be there and cannot check it. */
function credentialsOf(url: URL, environment: Environment): Credentials {
  if (isLocal(url)) return { accessKeyId: 'LOCALSTACKONLY', secretAccessKey: 'not-a-secret' };
  return credentialsFrom(environment);
}

function explain(error: unknown, { action, absent }: AdminCall): never {
  if (!(error instanceof CallFailed)) throw error;
  const { status } = error.facts;
  if (status === 404 && absent !== undefined) throw new CallFailed({ ...error.facts, description: absent });
  if (status !== 403) throw error;
  const description = `not allowed: IAM has to let you call execute-api:Invoke on ${action}`;
  throw new CallFailed({ ...error.facts, description });
}
