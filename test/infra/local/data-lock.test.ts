// The lock of a --data folder: who has it, and what happens when its owner is gone.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../../infra/local/data-lock.ts';
import { StartError } from '../../../infra/local/start-error.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lockedBy = (pid: number | string) => writeFileSync(join(folder, 'lock'), String(pid));
const owner = () => readFileSync(join(folder, 'lock'), 'utf8');

describe('the lock of a folder', () => {
  it('holds this process’s id until it is released, and can then be taken again', () => {
    const release = lockFolder(folder);
    expect(owner()).toBe(String(process.pid));
    expect(() => lockFolder(folder)).toThrow(StartError);
    release();
    expect(readdirSync(folder)).toEqual([]);
    lockFolder(folder)();
  });

  it('of a living process is refused in one line with its id, and stays', () => {
    lockedBy(process.ppid);
    expect(() => lockFolder(folder)).toThrow(
      `--data ${folder} is in use by the local stack with process id ${process.ppid}; stop it, or remove ${join(folder, 'lock')} if there is none`,
    );
    expect(owner()).toBe(String(process.ppid));
  });

  it('of a process that has died is taken over', () => {
    lockedBy(spawnSync(process.execPath, ['--version']).pid);
    const release = lockFolder(folder);
    expect(owner()).toBe(String(process.pid));
    expect(readdirSync(folder)).toEqual(['lock']);
    release();
  });

  it('of an earlier process with our own id, as in a container, is taken over', () => {
    lockedBy(process.pid);
    lockFolder(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that its owner is still writing is refused', () => {
    lockedBy('');
    expect(() => lockFolder(folder)).toThrow('in use by another local stack;');
  });

  it('released twice leaves the lock of the next owner alone', () => {
    const release = lockFolder(folder);
    release();
    lockedBy(process.ppid);
    release();
    expect(owner()).toBe(String(process.ppid));
  });
});
