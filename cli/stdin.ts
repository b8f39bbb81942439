// What was piped into this process. Reads stdin.
import { fstatSync, type Stats } from 'node:fs';

/**
 * A shell's pipe or a file is meant, and read to its end. A socket is what a program that starts others leaves open
 * without meaning anything by it: nothing within the wait is nothing. Terminals and /dev/null are nothing.
 */
const socketWait = 500;

/** Undefined when nothing was piped in. */
export async function readStdin(): Promise<string | undefined> {
  const stats = statsOf(0);
  if (stats?.isFIFO() || stats?.isFile()) return textOf(undefined);
  if (stats?.isSocket()) return textOf(socketWait);
  return undefined;
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
