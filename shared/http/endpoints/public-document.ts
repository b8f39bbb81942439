// GET of a public JSON document that caches may keep: discovery and keys. No I/O of its own.
import { documentHeaders, type PublicDocument } from '../../oauth/public-documents.ts';
import { endpoint } from '../endpoint.ts';
import { failureLog } from '../errors.ts';
import type { WriteLog } from '../log.ts';

/** The Lambda handler of a public document: 200, 503. */
export function publicDocument(make: () => PublicDocument | Promise<PublicDocument>, write: WriteLog) {
  return endpoint({
    log: failureLog({ name: 'document_unavailable', write }),
    respond: async () => ({ statusCode: 200, headers: { ...documentHeaders }, body: (await make()).body }),
  });
}
