// `npm run check`: the npm scripts named here side by side, and what each of them said once it has ended. Fails if any fails.
// Who names some runs those alone: `npm test` leaves the imports to test/imports.test.ts, which reads the same project.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Readonly<Record<string, string>> };

// The checker of types is a program in Go: with more memory between its collections it needs a fifth less CPU.
const env = { ...process.env, GOGC: '400' };

const named = process.argv.slice(2);
const succeeded = await Promise.all((named.length > 0 ? named : ['types', 'style', 'imports', 'unused']).map(run));
process.exitCode = succeeded.includes(false) ? 1 : 0;

async function run(name: string): Promise<boolean> {
  const started = Date.now();
  // Their programs are on the path that npm made for this one.
  const child = spawn(`${scripts[name]} 2>&1`, { shell: true, stdio: ['ignore', 'pipe', 'inherit'], env });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  process.stdout.write(
    `${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${Math.round((Date.now() - started) / 1_000)} s\n${output}`,
  );
  return code === 0;
}
