// The runtime inside a function's process: loads the bundle as Lambda would and loops over the Runtime API.
// Plain JavaScript, no dependency: it runs with the function's environment and nothing else.
import { existsSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const environment = process.env;
const [host, port] = environment.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

// The stack holds the other end of stdin: when it dies, even by SIGKILL, this process ends too.
process.stdin.on('error', leave).on('close', leave).on('end', leave).resume();
process.stdin.unref?.();

function leave() {
  process.exit(0);
}

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host, port, method, path: `/2018-06-01/runtime${path}` }, (incoming) => {
      const chunks = [];
      incoming.on('data', (chunk) => chunks.push(chunk)).on('error', reject);
      incoming.on('end', () => resolve({ headers: incoming.headers, body: Buffer.concat(chunks).toString('utf8') }));
    });
    outgoing.on('error', reject).end(body);
  });
}

function report(error) {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const trace = (thrown.stack ?? '').split('\n');
  return JSON.stringify({ errorType: thrown.name, errorMessage: thrown.message, trace });
}

async function load() {
  const [file, name] = environment._HANDLER.split('.');
  const candidates = ['.mjs', '.js', '.cjs'].map((extension) => join(environment.LAMBDA_TASK_ROOT, file + extension));
  const path = candidates.find((candidate) => existsSync(candidate));
  if (!path) throw new Error(`Error: Cannot find module '${file}'`);
  const module = await import(pathToFileURL(path).href);
  const handler = module[name] ?? module.default?.[name];
  if (typeof handler !== 'function') throw new Error(`${environment._HANDLER} is undefined or not exported`);
  return handler;
}

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

async function serveOne(handler) {
  const { headers, body } = await call('GET', '/invocation/next');
  const id = headers['lambda-runtime-aws-request-id'];
  environment._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  try {
    const answer = await handler(JSON.parse(body), contextOf(headers));
    await call('POST', `/invocation/${id}/response`, JSON.stringify(answer) ?? 'null');
  } catch (error) {
    process.stderr.write(`${error?.stack ?? error}\n`);
    await call('POST', `/invocation/${id}/error`, report(error));
  }
}

const handler = await load().catch(async (error) => {
  process.stderr.write(`${error?.stack ?? error}\n`);
  await call('POST', '/init/error', report(error)).catch(leave);
  process.exit(1);
});
for (;;) await serveOne(handler);
