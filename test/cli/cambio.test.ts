// The `cambio` program as npm and a shell run it: a process with a Node, output and an exit code.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const run = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: repository, encoding: 'utf8' });
  return { status, stdout, stderr };
};
/** The argument that makes this Node say that it is `version`. */
const as = (version: string): string => {
  const versions = `{ ...process.versions, node: '${version}' }`;
  return `--import=data:text/javascript,${encodeURIComponent(`Object.defineProperty(process, 'versions', { value: ${versions} })`)}`;
};

test('is the script `cambio` of the package', () => {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  expect(scripts['cambio']).toBe('node cli/cambio.mjs');
});

test('says in one line which Node it needs when an older one runs it', () => {
  const { status, stdout, stderr } = run(as('22.21.0'), 'cli/cambio.mjs', '--help');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^cambio needs Node 24 or newer; this is Node 22\.21\.0\. .+\n$/);
  const { status: current, stdout: usage, stderr: nothing } = run(as('24.0.0'), 'cli/cambio.mjs', '--help');
  expect({ current, nothing }).toEqual({ current: 0, nothing: '' });
  expect(usage).toContain('usage: cambio <command>');
});

test('who reads no further gets no more: no stack, no exit code of success', () => {
  const line = 'node=$1; shift; { "$node" "$@"; echo "exit $?" >&2; } | true';
  const { stderr } = spawnSync('sh', ['-c', line, 'sh', process.execPath, 'cli/cambio.mjs', '--help'], {
    cwd: repository,
    encoding: 'utf8',
  });
  expect(stderr).toBe('exit 1\n');
});

test('ends with the exit code of its command', () => {
  expect(run('cli/cambio.mjs', 'policy', 'check', 'absent').status).toBe(1);
  expect(run('cli/cambio.mjs', 'nonsense').status).toBe(2);
});

test('ends at once where there is nothing to run on the way, such as a CI system’s agent', async () => {
  const script = `import { runProgram } from ${JSON.stringify(import.meta.resolve('../../cli/run-program.ts'))};
    console.log(JSON.stringify([await runProgram('absent', []) ?? null, await runProgram('echo', ['a'])]));
    console.log(process.getActiveResourcesInfo().filter((each) => each === 'Timeout'));`;
  const { stdout } = run('--input-type=module', '-e', script);
  expect(stdout).toBe('[null,{"exit":0,"stdout":"a\\n"}]\n[]\n');
});
