// A call of /admin/*, which IAM guards: signed with SigV4 for API Gateway. Network, through fetch.

import { CallFailed } from './call-failed.ts';
import { type Environment, regionOf } from './environment.ts';
import { type Answered, fetchWithRetries } from './fetch.ts';
import type { Machine } from './machine.ts';
import { isLocal } from './server.ts';
import { type Credentials, credentialsFrom, signRequest } from './sigv4.ts';

export interface AdminCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
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
export async function callAdmin(call: AdminCall, machine: Machine): Promise<Answered> {
  const { method, url, json } = call;
  const body = json === undefined ? undefined : JSON.stringify(json);
  const region = regionOf(url, machine.environment);
  const credentials = credentialsOf(url, machine.environment);
  const date = new Date(machine.clock());
  const signed = { method, url, region, service: 'execute-api', credentials, date };
  const headers = {
    ...signRequest({ ...signed, ...(body !== undefined && { body }) }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  const request = { method, url, headers, ...(body !== undefined && { body }) };
  return fetchWithRetries(request, machine, { attempts: call.mayRepeat === false ? 1 : 3 }).catch((error) =>
    explain(error, call),
  );
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
