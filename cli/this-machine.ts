// The machine this process runs on.
import { loadedOnce } from '../shared/loaded-once.ts';
import { asker } from './ask.ts';
import type { Machine } from './machine.ts';
import { runProgram } from './run-program.ts';

/** @param readStdin as it is given: what only imports the library must not read what was piped into its process */
export function thisMachine(readStdin: Machine['readStdin']): Machine {
  const sender = loadedOnce(async () => (await import('./http-client.ts')).createSend(process.env));
  return {
    environment: process.env,
    clock: Date.now,
    random: Math.random,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    send: async (request) => (await sender())(request),
    runProgram,
    // Whether anybody sits there is found out by opening stdin, which most commands never do.
    get ask() {
      return asker();
    },
    readStdin,
  };
}
