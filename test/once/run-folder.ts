// A folder for one run of the tests, where its processes leave what is the same for all of them, and find it: what esbuild made
// (see ./esbuild.mjs), Node's compile cache, the one file of the command, and the socket of the process that works for them all (see
// ./run-process.ts). It begins empty and is removed afterwards: nothing in it can be of another time.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

export default async function runFolder(project: TestProject): Promise<void> {
  // Once for both projects.
  if (process.env['TEST_RUN_FOLDER'] !== undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'cambio-test-run-'));
  process.env['TEST_RUN_FOLDER'] = folder;
  // The programs that tests start have it from here, the tests' own processes and threads from ./preload.mjs.
  process.env['NODE_COMPILE_CACHE'] = join(folder, 'compiled');
  // A worker is ended before it can tidy up.
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  process.env['TMPDIR'] = temporary;
  let shared = await startProcess();
  const empty = (): void => rmSync(folder, { recursive: true, force: true });
  // In watch mode sources change between the runs.
  project.onTestsRerun(async () => {
    shared.disconnect();
    empty();
    mkdirSync(temporary, { recursive: true });
    shared = await startProcess();
  });
  // Not a teardown: a worker writes its part of the compile cache when it ends, which is after that.
  process.once('exit', empty);
}

/** It ends with this process, which does not wait for it. */
async function startProcess(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'run-process.ts'), {
    execArgv: ['--import', join(import.meta.dirname, 'preload.mjs')],
  });
  await once(child, 'message');
  child.unref();
  child.channel?.unref();
  return child;
}
