// What was piped into this process. Reads stdin.
import { fstatSync, type Stats } from 'node:fs';
import { UsageError } from './usage.ts';

/**
 * A shell's pipe or a file is meant, and read to its end. A socket is what a program that starts others leaves open
 * without meaning anything by it: nothing within the wait is nothing. Terminals and /dev/null are nothing.
 */
const socketWait = 500;
/** Some of those programs leave a pipe open instead, such as an SDK that runs a `credential_process`. */
const longestPipe = 30_000;

/**
 * Undefined when nothing was piped in.
 * @param pipeWait milliseconds until something has to come through a pipe
 * @throws UsageError when nothing did: whatever else could be taken is not what was meant
 */
export async function readStdin(pipeWait = longestPipe): Promise<string | undefined> {
  const stats = statsOf(0);
  if (stats?.isFile()) return textOf(undefined);
  if (stats?.isFIFO()) return (await textOf(pipeWait)) ?? silent(pipeWait);
  if (stats?.isSocket()) return textOf(socketWait);
  return undefined;
}

function silent(wait: number): never {
  const way = 'name the token with --token-file or --token-env, or close stdin with </dev/null';
  throw new UsageError(`nothing came through stdin for ${wait / 1_000} s: ${way}`);
}

function textOf(wait: number | undefined): Promise<string | undefined> {
  const { stdin } = process;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const timer = wait === undefined ? undefined : setTimeout(() => end(undefined), wait);
    const end = (text: string | undefined): void => {
      clearTimeout(timer);
      stdin.destroy();
      resolve(text);
    };
    stdin.on('data', (chunk: Buffer) => {
      clearTimeout(timer);
      chunks.push(chunk);
    });
    stdin.on('end', () => end(Buffer.concat(chunks).toString('utf8')));
    stdin.on('error', reject);
  });
}

function statsOf(descriptor: number): Stats | undefined {
  try {
    return fstatSync(descriptor);
  } catch {
    return undefined; // closed
  }
}
