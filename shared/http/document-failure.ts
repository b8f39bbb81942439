// How a public document that cannot be made is answered and logged. No I/O of its own.
import type { APIGatewayProxyResult } from 'aws-lambda';
import { Refused } from '../oauth/denial.ts';
import { oauthError } from '../oauth/oauth-error.ts';
import type { WriteLog } from './audit.ts';
import { causesOf, placeOf } from './causes.ts';
import { serverError } from './errors.ts';
import { json } from './json.ts';

/** 503 for a dependency that fails, 500 for a bug; nobody keeps either. `message` is what operators search for. */
export function documentFailure(error: unknown, write: WriteLog, message: string): APIGatewayProxyResult {
  const { status, body, headers, why } = failureOf(error);
  write('error', message, { error: body.error, ...why });
  return json(status, body, { ...headers, 'Cache-Control': 'no-store' });
}

/** What a caller is told of an exception, and what the log may say of it. */
export function failureOf(error: unknown) {
  const refused = error instanceof Refused ? error : undefined;
  const { status, error: code, description, headers } = refused ? oauthError(refused.denial) : serverError;
  const why = refused ? { denial: refused.denial, cause: causesOf(refused.cause) } : { place: placeOf(error) };
  return { status, body: { error: code, error_description: description }, headers, why };
}
