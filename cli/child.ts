// A child process that has our terminal: signals go to it, and its end is ours. Runs it.
import { constants } from 'node:os';

/** How a shell says that a program is not there, or cannot be run. */
const notFound = 127;
const notExecutable = 126;

const forwarded: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGINT', 'SIGQUIT'];
/** A terminal sends these to the child itself, and the second SIGINT means "at once" to programs such as terraform. */
const ofTerminals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/** Runs a program with this environment. @returns its exit status; 128 and the signal's number when a signal ended it */
export async function runChild(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const [program = '', ...args] = words;
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(program, args, { stdio: 'inherit', env: environment });
  const forward = (signal: NodeJS.Signals): void => {
    if (!(process.stdin.isTTY && ofTerminals.includes(signal))) child.kill(signal);
  };
  // Caught in any case, so that we outlive the child.
  for (const signal of forwarded) process.on(signal, forward);
  try {
    return await new Promise((resolve) => {
      child.on('error', ({ code }: NodeJS.ErrnoException) => {
        process.stderr.write(`cambio: ${program}: cannot be run (${code ?? 'unknown'})\n`);
        resolve(code === 'ENOENT' ? notFound : notExecutable);
      });
      child.on('exit', (status, signal) => resolve(signal === null ? (status ?? 1) : 128 + constants.signals[signal]));
    });
  } finally {
    for (const signal of forwarded) process.off(signal, forward);
  }
}
