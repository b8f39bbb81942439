// `--auth-token-file`: the secret that local callers must know. Reads the file, or makes it, for its owner alone.
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { type Output, UsageError } from './usage.ts';

const fewest = 16;

/** @throws UsageError when the file cannot be read or made, or holds no secret */
export function readOrMakeToken(file: string, { stderr }: Output): string {
  if (make(file)) stderr(`cambio: made ${file}\n`);
  const token = read(file);
  if (!/^[\x21-\x7e]+$/.test(token) || token.length < fewest) {
    throw new UsageError(`${file}: must hold a secret of at least ${fewest} characters, or not be there`);
  }
  if ((statSync(file).mode & 0o077) !== 0) stderr(`cambio: ${file} can be read by others than its owner\n`);
  return token;
}

/** `wx` makes it or fails, in one step: nobody can put a file or a link of theirs there in between. */
function make(file: string): boolean {
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new UsageError(`${file}: cannot be made (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new UsageError(`${file}: cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}
