// `--auth-token-file`: the secret that local callers must know. Reads the file, or makes it, for its owner alone.
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { type Output, UsageError } from '../usage.ts';

const fewest = 16;

/** @throws UsageError when the file cannot be read or made, holds no secret, or one that others may have put there */
export function readOrMakeToken(file: string, { stderr }: Output): string {
  if (make(file)) stderr(`cambio: made ${file}\n`);
  const { token, uid, mode } = read(file);
  if ((uid !== 0 && uid !== process.getuid?.()) || (mode & 0o002) !== 0) {
    throw new UsageError(`${file}: others could have written it; remove it, or let it be yours alone (chmod 600)`);
  }
  if (!/^[\x21-\x7e]+$/.test(token) || token.length < fewest) {
    throw new UsageError(`${file}: must hold a secret of at least ${fewest} characters, or not be there`);
  }
  if ((mode & 0o077) !== 0) stderr(`cambio: ${file} can be read by others than its owner\n`);
  return token;
}

/**
 * `wx` makes it or fails, in one step: nobody can put a file or a link of theirs there in between. Without a line break:
 * the AWS SDK for Python takes a file whole, and no header has one.
 */
function make(file: string): boolean {
  try {
    writeFileSync(file, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new UsageError(`${file}: cannot be made (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

/** One opening, so that owner and content are of the same file. */
function read(file: string): { readonly token: string; readonly uid: number; readonly mode: number } {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const { uid, mode } = fstatSync(descriptor);
    return { token: readFileSync(descriptor, 'utf8').trim(), uid, mode };
  } catch (cause) {
    throw new UsageError(`${file}: cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
