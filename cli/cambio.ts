// The `cambio` command in the real world: the only reader of the environment, clock and randomness.
import { painter } from './colour.ts';
import { printable } from './printable.ts';
import { run } from './run.ts';
import { readStdin } from './stdin.ts';
import { thisMachine } from './this-machine.ts';

// A reader that closes early, such as `head`, ends the output quietly; Node itself would print the bundle's line.
process.stdout.on('error', () => process.exit(1));
process.stderr.on('error', () => {});

const [painted, told] = [painter(process.stdout, process.env), painter(process.stderr, process.env)];

const running = run(
  process.argv.slice(2),
  {
    stdout: (text) => process.stdout.write(painted(text)),
    stderr: (text) => process.stderr.write(told(text)),
  },
  thisMachine(() => readStdin()),
);

// Not awaited: the bundle is CommonJS inside, whose modules load what they import when they are needed.
running.then(
  (exit) => {
    process.exitCode = exit;
  },
  (error: unknown) => {
    // Left to Node, the line of the bundle it happened in would be printed: a megabyte.
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      `cambio: this is a fault of cambio\n${stack
        .split('\n')
        .map((line) => printable(line))
        .join('\n')}\n`,
    );
    process.exitCode = 1;
  },
);
