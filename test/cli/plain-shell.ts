// sh with curl and the like, and no Node anywhere on its PATH: what many job images are.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { compiledOnce } from '../compiled-once.ts';

const programs = ['sh', 'sed', 'tr', 'cat', 'rm', 'mktemp', 'env', 'echo'];

export interface PlainShell {
  /** Where temporary files are. */
  readonly folder: string;
  /** Puts a further program there, or another in the place of one. */
  readonly program: (name: string, script: string) => void;
  /** Every argument curl was called with so far: others on the machine can read them. */
  readonly curlArguments: () => string;
  readonly run: (
    script: string,
    environment?: Readonly<Record<string, string>>,
  ) => Promise<{ exit: number; stdout: string; stderr: string }>;
  readonly close: () => void;
}

/** @throws Error when the machine lacks one of the programs */
export function plainShell(): PlainShell {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-shell-'));
  for (const program of programs) symlinkSync(find(program), join(folder, program));
  const program = (name: string, script: string): void => {
    const file = join(folder, name);
    writeFileSync(file, `#!${join(folder, 'sh')}\n${script}\n`);
    chmodSync(file, 0o755);
  };
  const log = join(folder, 'curl-arguments');
  writeFileSync(log, '');
  program('curl', `printf '%s\\n' "$@" >> '${log}'\nexec '${find('curl')}' "$@"`);
  return {
    folder,
    program,
    curlArguments: () => readFileSync(log, 'utf8'),
    run: (script, environment = {}) =>
      new Promise((resolve) => {
        const env = { ...compiledOnce, PATH: folder, TMPDIR: folder, HOME: folder, ...environment };
        const child = execFile(join(folder, 'sh'), ['-c', script], { cwd: folder, env }, (error, stdout, stderr) =>
          resolve({ exit: error ? Number(error.code) : 0, stdout, stderr }),
        );
        child.stdin?.end();
      }),
    close: () => rmSync(folder, { recursive: true }),
  };
}

export function find(program: string): string {
  const file = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, program))
    .find((each) => existsSync(each));
  if (file === undefined) throw new Error(`${program} is not installed here`);
  return file;
}
