// What the actions say to the runner, and how they call `cambio`. Runs it; writes the files the runner reads.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('cambio.mjs', import.meta.url));

/** An input; empty when it is not given. */
export function input(name) {
  return (process.env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
}

/** An input that is `true` or `false`, as YAML 1.2 spells them. */
export function flag(name) {
  const text = input(name).toLowerCase();
  if (text === 'true') return true;
  return text === 'false' || text === '' ? false : fail(`${name} is true or false`);
}

/** With the environment of the job, in which it finds the job's token. Words never pass a shell. */
export function cambio(words, { url, stdout, stderr = 'inherit' }) {
  return spawnSync(process.execPath, [program, ...words], {
    env: { ...process.env, ...(url && { CAMBIO_URL: url }) },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', stdout, stderr],
  });
}

/** Appends to the file that a variable names. A delimiter nobody can guess: no value can define other variables. */
export function write(variable, values) {
  const delimiter = `cambio_${randomUUID()}`;
  const lines = Object.entries(values).map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
  appendFileSync(fileOf(variable), lines.join(''));
}

export function fileOf(variable) {
  return process.env[variable] || fail(`${variable} is not set`);
}

/** From here on the log shows `***` in its place. */
export function mask(value) {
  process.stdout.write(`::add-mask::${escaped(value)}\n`);
}

export function fail(problem) {
  process.stdout.write(`::error title=Cambio::${escaped(problem)}\n`);
  process.exit(1);
}

export function warn(problem) {
  process.stdout.write(`::warning title=Cambio::${escaped(problem)}\n`);
}

/** As @actions/core does: a line break would begin another command. */
export function escaped(text) {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
