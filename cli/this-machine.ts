// The machine this process runs on.
import { asker } from './ask.ts';
import { createSend } from './http-client.ts';
import type { Machine } from './machine.ts';
import { runProgram } from './run-program.ts';

/** @param readStdin as it is given: what only imports the library must not read what was piped into its process */
export function thisMachine(readStdin: Machine['readStdin']): Machine {
  return {
    environment: process.env,
    clock: Date.now,
    random: Math.random,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    send: createSend(process.env),
    runProgram,
    ask: asker(),
    readStdin,
  };
}
