// What the action's two scripts say to the runner, and how they call `cambio`. Runs it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('cambio.mjs', import.meta.url));

/** An input; empty when it is not given. */
export function input(name) {
  return (process.env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
}

/** With the environment of the job, in which it finds the job's token. */
export function cambio(url, words, { stdout }) {
  const env = { ...process.env, CAMBIO_URL: url };
  return spawnSync(process.execPath, [program, ...words], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', stdout, 'inherit'],
  });
}

export function fail(problem) {
  process.stdout.write(`::error title=Cambio::${escaped(problem)}\n`);
  process.exit(1);
}

export function warn(problem) {
  process.stdout.write(`::warning title=Cambio::${escaped(problem)}\n`);
}

/** As @actions/core does: a line break would begin another command. */
function escaped(text) {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
