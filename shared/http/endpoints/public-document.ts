// GET of a public JSON document that caches may keep: discovery and keys. No I/O of its own.
import { json } from '../api-gateway.ts';
import { endpoint } from '../endpoint.ts';
import { failureLog } from '../errors.ts';
import type { WriteLog } from '../log.ts';

/**
 * The Lambda handler of a public document: 200, 503.
 * @param maxAge seconds caches may keep it, and may go on serving it a little while they ask again
 */
export function publicDocument(make: () => unknown, maxAge: number, write: WriteLog) {
  const cacheable = { 'Cache-Control': `public, max-age=${maxAge}, stale-while-revalidate=60` };
  return endpoint({
    log: failureLog({ name: 'document_unavailable', write }),
    respond: async () => json(200, await make(), cacheable),
  });
}
