// `npm start`: the local stack from the command line, until SIGINT or SIGTERM. I/O: stdout, stderr, signals.
import { setImmediate as turn } from 'node:timers/promises';
import { painter } from '../../cli/colour.ts';
import type { LocalStack } from './stack.ts';
import { StartError } from './start-error.ts';
import { startHelp, startWords } from './start-words.ts';
import { startSynthesis } from './template/synthesis-thread.ts';

// Should something not end by itself, this process still does, well within two seconds.
const stopLimitMs = 1_500;
const paint = painter(process.stdout, process.env);

async function main(): Promise<void> {
  const { quiet, json, help, ...options } = startWords(process.argv.slice(2));
  if (help) return say(startHelp.trimEnd());
  say('synthesizing what would be deployed…');
  const abort = new AbortController();
  // It takes longest, and in a thread of its own: this one loads the rest meanwhile.
  const synthesis = startSynthesis();
  const starting = start({
    ...{ ...options, synthesis, schedules: true, signal: abort.signal },
    ...(!json && { format: (await import('./log-lines.ts')).readableLine }),
    log: quiet ? () => {} : say,
  });
  onStopSignal(async () => {
    abort.abort();
    await starting.then(
      (stack) => stack.close(),
      () => {},
    );
    process.exit(0);
  });
  const stack = await starting;
  const { announcement } = await import('./announcement.ts');
  for (const line of await announcement(stack, Math.floor(Date.now() / 1_000))) say(line);
  say(`ready ${stack.url}`);
  await stack.warm();
}

type StartOptions = Parameters<typeof import('./stack.ts').startLocalStack>[0];

async function start(options: StartOptions & { readonly signal: AbortSignal }): Promise<LocalStack> {
  for (const load of largeParts) {
    await load();
    // A signal that came meanwhile is heard here, and no sooner.
    await turn();
    options.signal.throwIfAborted();
  }
  const { startLocalStack } = await import('./stack.ts');
  return startLocalStack(options);
}

/** Of what the stack is made of: loaded at once they keep a signal waiting for seconds, beside a synthesis on a small machine. */
const largeParts = [
  () => import('zod'),
  () => import('yaml'),
  () => import('@bufbuild/protobuf'),
  () => import('@bufbuild/cel'),
  () => import('../policy/profiles/registry.ts'),
  () => import('../policy/rehearse-policy.ts'),
  () => import('../policy/check-policy.ts'),
  () => import('./stand-ins/local-policy.ts'),
  () => import('./front-door.ts'),
];

/** Runs `stop` at the first signal; later ones find it under way. */
function onStopSignal(stop: () => Promise<void>): void {
  const once = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(0), stopLimitMs);
    void stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const before = process.listeners(signal);
    process.on(signal, once);
    // Not before there is another: one that has come and was not heard of yet would be lost with the last listener.
    for (const listener of before) process.off(signal, listener);
  }
}

let stopping = false;

function say(line: string): void {
  process.stdout.write(`${paint(line)}\n`);
}

async function fail(error: unknown): Promise<void> {
  if (stopping) return;
  const { TemplateError } = await import('./template/stack-template.ts');
  const expected = error instanceof StartError || error instanceof TemplateError;
  const text = error instanceof Error ? (expected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

// Whoever read the output has gone, as in `npm start | head`: that is no reason to stop serving.
process.stdout.on('error', () => {});

await main().catch(fail);
