// One stack at a time has the folder of --data: a lock file with the process id of its owner. I/O: one file.
import { readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StartError } from './start-error.ts';

/** Locks of this process, by path. */
const held = new Set<string>();

/**
 * Takes the folder; returns its release. A lock whose owner has died is taken over.
 * @throws StartError if another stack has it
 */
export function lockFolder(directory: string): () => void {
  const path = join(resolve(directory), 'lock');
  if (!tryLock(path)) {
    const owner = ownerOf(path);
    if (owner === undefined || isAlive(owner, path)) throw inUse(directory, owner);
    removeLockOf(owner, path);
    if (!tryLock(path)) throw inUse(directory, ownerOf(path));
  }
  held.add(path);
  return () => {
    if (held.delete(path)) unlinkSync(path);
  };
}

function tryLock(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new StartError(`--data: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Undefined while the owner is still writing it. */
function ownerOf(path: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10) || undefined;
  } catch {
    return undefined;
  }
}

/** In a container every process may have the id of the one before: our own id counts only if the lock is ours. */
function isAlive(pid: number, path: string): boolean {
  if (pid === process.pid) return held.has(path);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Moves the lock away first: of several stacks that found it stale one gets it, and none takes the new owner's. */
function removeLockOf(owner: number, path: string): void {
  const away = `${path}.${process.pid}`;
  try {
    renameSync(path, away);
    if (ownerOf(away) === owner) rmSync(away);
    else renameSync(away, path);
  } catch {
    // Somebody else was first.
  }
}

function inUse(directory: string, owner: number | undefined): StartError {
  const who = owner === undefined ? 'another local stack' : `the local stack with process id ${owner}`;
  const lock = join(directory, 'lock');
  return new StartError(`--data ${directory} is in use by ${who}; stop it, or remove ${lock} if there is none`);
}
