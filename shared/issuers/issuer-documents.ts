// Documents of issuers and of clients: what fetches them is loaded with the first, for a policy may have all its keys in it.
import type { FetchJson } from './fetch-json.ts';

export const fetchDocument: FetchJson = async (request) => (await import('./fetch-json.ts')).fetchJson(request);
