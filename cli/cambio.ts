// The `cambio` command in the real world: the only reader of the environment, clock and randomness.
import { createSend } from './http-client.ts';
import { run } from './run.ts';
import { runProgram } from './run-program.ts';
import { readStdin } from './stdin.ts';

process.exitCode = await run(
  process.argv.slice(2),
  {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  },
  {
    environment: process.env,
    now: Date.now,
    random: Math.random,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    send: createSend(process.env),
    runProgram,
    readStdin,
  },
);
