// GET of a public JSON document that caches may keep: discovery and keys. No I/O of its own.
import type { APIGatewayProxyResult } from 'aws-lambda';
import { json } from '../api-gateway.ts';
import { withDeadline } from '../deadline.ts';
import { documentFailure } from '../errors.ts';
import type { WriteLog } from '../log.ts';

/** Milliseconds. */
const requestTime = 3_000;

/**
 * The Lambda handler of a public document.
 * @param maxAge seconds caches may keep it, and may go on serving it a little while they ask again
 */
export function publicDocument(make: () => unknown, maxAge: number, write: WriteLog) {
  const cacheable = { 'Cache-Control': `public, max-age=${maxAge}, stale-while-revalidate=60` };
  return async (): Promise<APIGatewayProxyResult> => {
    try {
      return json(200, await withDeadline(requestTime, Promise.resolve(make())), cacheable);
    } catch (error) {
      return documentFailure(error, write, 'document_unavailable');
    }
  };
}
