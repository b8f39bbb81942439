// GET of a public JSON document that caches may keep: discovery and keys. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { Refused } from '../oauth/denial.ts';
import { oauthError } from '../oauth/oauth-error.ts';
import type { WriteLog } from './audit.ts';
import { json } from './json.ts';

/** Makes the document for a request path. */
export type MakeDocument = (path: string) => unknown;

/**
 * The Lambda handler of a public document.
 * @param maxAge seconds caches may keep it, and may go on serving it a little while they ask again
 */
export function publicDocument(make: MakeDocument, maxAge: number, write: WriteLog) {
  const cacheable = { 'Cache-Control': `public, max-age=${maxAge}, stale-while-revalidate=60` };
  return async (event: Pick<APIGatewayProxyEvent, 'path'>): Promise<APIGatewayProxyResult> => {
    try {
      return json(200, await make(event.path), cacheable);
    } catch (error) {
      return failure(error, write);
    }
  };
}

function failure(error: unknown, write: WriteLog): APIGatewayProxyResult {
  const refused = error instanceof Refused ? error : new Refused({ kind: 'unavailable', dependency: 'deadline' });
  const { status, error: code, description, headers } = oauthError(refused.denial);
  write('error', 'document_unavailable', { error: code, cause: error instanceof Error ? error.name : 'unknown' });
  return json(status, { error: code, error_description: description }, { ...headers, 'Cache-Control': 'no-store' });
}
