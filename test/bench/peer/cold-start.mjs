// One cold start: imports a function (MODULE) and answers its first event (EVENT, a file). Says how many milliseconds both took,
// and with TRACE which files were loaded.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { MODULE, EVENT, TRACE } = process.env;
const event = JSON.parse(readFileSync(EVENT, 'utf8'));
const loaded = new Set();
if (TRACE) {
  const { registerHooks } = process.getBuiltinModule('node:module');
  registerHooks({
    load: (url, context, next) => {
      loaded.add(url);
      return next(url, context);
    },
  });
}
const started = performance.now();
const { handler } = await import(pathToFileURL(MODULE).href);
const { statusCode, body } = await handler(event, { getRemainingTimeInMillis: () => 10_000 });
const milliseconds = performance.now() - started;
if (statusCode !== 200) throw new Error(`${statusCode} ${body}`);
// What is still being loaded when the first answer is out is loaded too.
if (TRACE) await new Promise((resolve) => setTimeout(resolve, 1_000));
process.stderr.write(`${JSON.stringify({ milliseconds, loaded: [...loaded] })}\n`);
process.exit(0);
