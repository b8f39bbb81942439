// GET of a public JSON document that caches may keep: discovery and keys. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { Refused } from '../oauth/denial.ts';
import { oauthError } from '../oauth/oauth-error.ts';
import type { WriteLog } from './audit.ts';
import { causesOf, placeOf } from './causes.ts';
import { withDeadline } from './deadline.ts';
import { serverError } from './errors.ts';
import { json } from './json.ts';

/** Makes the document for a request path. */
export type MakeDocument = (path: string) => unknown;

/** Milliseconds. */
const requestTime = 3_000;

/**
 * The Lambda handler of a public document.
 * @param maxAge seconds caches may keep it, and may go on serving it a little while they ask again
 */
export function publicDocument(make: MakeDocument, maxAge: number, write: WriteLog) {
  const cacheable = { 'Cache-Control': `public, max-age=${maxAge}, stale-while-revalidate=60` };
  return async ({ path }: Pick<APIGatewayProxyEvent, 'path'>): Promise<APIGatewayProxyResult> => {
    try {
      return json(200, await withDeadline(requestTime, Promise.resolve(make(path))), cacheable);
    } catch (error) {
      return failure(error, write);
    }
  };
}

function failure(error: unknown, write: WriteLog): APIGatewayProxyResult {
  const refused = error instanceof Refused ? error : undefined;
  const { status, error: code, description, headers } = refused ? oauthError(refused.denial) : serverError;
  const why = refused ? { denial: refused.denial, cause: causesOf(refused.cause) } : { place: placeOf(error) };
  write('error', 'document_unavailable', { error: code, ...why });
  return json(status, { error: code, error_description: description }, { ...headers, 'Cache-Control': 'no-store' });
}
