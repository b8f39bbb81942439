// node:http, one answer whatever is asked once the request is read: what an answer costs at least.
import { listenerOf, serve } from './serve.mjs';

const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };

serve(listenerOf(() => ({ statusCode: 200, headers, body: process.env.BODY })));
