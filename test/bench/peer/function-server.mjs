// A function of ours behind node:http: its bundle as it was synthesized, in LAMBDA_TASK_ROOT, with the events API Gateway makes.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventOf } from './event.mjs';
import { listenerOf, serve } from './serve.mjs';

const { handler } = await import(pathToFileURL(join(process.env.LAMBDA_TASK_ROOT, 'index.mjs')).href);
const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 10_000 };

serve(
  listenerOf((request, body) => {
    const names = Object.entries(request.headers);
    return handler(eventOf(request.url, names, body), context);
  }),
);
