// `npm run test:mutation`: its tools are a package of their own, which is installed here where it is missing. The tests and
// vitest are the project's.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const stryker = join(here, 'node_modules/@stryker-mutator/core/bin/stryker.js');

if (!existsSync(stryker)) {
  process.stderr.write('mutation testing: its tools are not there yet: npm ci in test/mutation\n');
  run('npm', ['ci', '--prefix', here], here);
}
run(process.execPath, [stryker, 'run', join(here, 'stryker.config.json'), ...process.argv.slice(2)], process.cwd());

function run(command: string, words: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, words, { cwd, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
