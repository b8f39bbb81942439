// `npm start`: the local stack from the command line, until SIGINT or SIGTERM. I/O: stdout, stderr, signals.
import { parseArgs } from 'node:util';
import { announcement } from './announcement.ts';
import { type LocalStackOptions, startLocalStack } from './stack.ts';
import { StartError } from './start-error.ts';
import { TemplateError } from './template/stack-template.ts';

const usage = 'npm start -- [--port N] [--policy FILE|DIR] [--data DIR] [--real-issuers] [--quiet]';
// Should something not end by itself, this process still does, well within two seconds.
const stopLimitMs = 1_500;

interface Arguments extends LocalStackOptions {
  readonly port: number;
  readonly quiet: boolean;
}

/** @throws StartError naming the option that is not understood */
function parseArguments(args: string[]): Arguments {
  const values = parseOptions(args);
  const { port = '8787', policy, data, quiet = false } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new StartError(`--port must be 0 to 65535; usage: ${usage}`);
  return { port: Number(port), policy, data, realIssuers: values['real-issuers'] ?? false, quiet };
}

function parseOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: 'string' },
        policy: { type: 'string' },
        data: { type: 'string' },
        'real-issuers': { type: 'boolean' },
        quiet: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    const [message] = error instanceof Error ? error.message.split('. ') : [];
    throw new StartError(`${message}; usage: ${usage}`);
  }
}

async function main(): Promise<void> {
  const { quiet, ...options } = parseArguments(process.argv.slice(2));
  const abort = new AbortController();
  const starting = startLocalStack({ ...options, schedules: true, log: quiet ? () => {} : say, signal: abort.signal });
  onStopSignal(async () => {
    abort.abort();
    await starting.then(
      (stack) => stack.close(),
      () => {},
    );
    process.exit(0);
  });
  const stack = await starting;
  for (const line of await announcement(stack, Math.floor(Date.now() / 1_000))) say(line);
  say(`ready ${stack.url}`);
}

/** Runs `stop` at the first signal; later ones find it under way. */
function onStopSignal(stop: () => Promise<void>): void {
  const once = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(0), stopLimitMs);
    void stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal).on(signal, once);
}

let stopping = false;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(error: unknown): void {
  if (stopping) return;
  const expected = error instanceof StartError || error instanceof TemplateError;
  const text = error instanceof Error ? (expected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

// Whoever read the output has gone, as in `npm start | head`: that is no reason to stop serving.
process.stdout.on('error', () => {});

await main().catch(fail);
