// `cambio completion`, by bash itself, which is asked what it would complete.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../cli/command-table.ts';
import { usage } from '../../cli/usage.ts';
import { cambio } from './cambio.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  writeFileSync(join(folder, 'completion.bash'), (await cambio('completion', 'bash')).stdout);
  writeFileSync(join(folder, 'a policy.yaml'), '');
});

/** What bash would offer, the last word being the one at the cursor: of each line, in one bash. */
function offered(...lines: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const script = `. ./completion.bash
    registered=$(complete -p cambio)
    [[ $registered =~ -F\\ ([^ ]+) ]] || exit 1
    while IFS=$'\\t' read -r -a COMP_WORDS; do
      COMP_WORDS=("\${COMP_WORDS[@]/#<nothing>/}")
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      "\${BASH_REMATCH[1]}" cambio "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
      (IFS=$'\\t'; echo "\${COMPREPLY[*]}")
    done`;
  const input = lines.map((words) => ['cambio', ...words].map((word) => word || '<nothing>').join('\t'));
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    input: `${input.join('\n')}\n`,
  });
  expect(stderr).toBe('');
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t').filter((word) => word !== ''));
}

describe('bash completes', () => {
  test('every command, and of each every option', () => {
    const words = Object.keys(commands).map((name) => name.split(' '));
    const [nouns = [], ...verbs] = offered([''], ...words.map(([noun = '']) => [noun, '']));
    expect(new Set(nouns)).toEqual(new Set([...words.map(([noun]) => noun), '--help', '--version']));
    for (const [index, [, verb]] of words.entries()) if (verb !== undefined) expect(verbs[index]).toContain(verb);
    const options = offered(...words.map((name) => [...name, '--']));
    expect(options.map((each) => each.filter((option) => option !== '--'))).toEqual(
      Object.values(commands).map((command) => Object.keys(command.options).map((option) => `--${option}`)),
    );
  });

  test('what has begun, what an option takes, files where one belongs, and nothing that is not known', () => {
    const [begun, format, file, policy, kind, free, unknown, program] = offered(
      ['po'],
      ['aws', '--role', 'r', '--format', ''],
      ['exchange', '--token-file', 'a'],
      ['policy', 'check', 'a'],
      ['suspend', ''],
      ['exchange', '--audience', ''],
      ['nonsense', ''],
      ['aws', 'exec', '--role', 'r', '--', 'bas'],
    );
    expect(begun).toEqual(['policy']);
    expect(format).toEqual(['process', 'env', 'github', 'container']);
    expect([file, policy]).toEqual([['a policy.yaml'], ['a policy.yaml']]);
    expect(kind).toEqual(expect.arrayContaining(['list', 'issuer', 'client', 'rule', 'audience', 'role', '--reason']));
    expect([free, unknown]).toEqual([[], []]);
    expect(program).toContain('bash');
  });
});

test('what is offered for an option is what the usage names', () => {
  const [format = [], by = [], kind = []] = offered(['aws', '--format', ''], ['revoke', '--by', ''], ['resume', '']);
  expect(usage).toContain(`--format ${format.join('|')}]`);
  expect(usage).toContain(`KIND: ${by.join(', ')}\n`);
  expect(usage).toContain(`KIND: ${kind.filter((word) => !word.startsWith('-')).join(', ')}\n`);
});

test('zsh runs what bash does; fish is told of every command and option', async () => {
  const [bash, zsh, fish] = await Promise.all(['bash', 'zsh', 'fish'].map((shell) => cambio('completion', shell)));
  expect(zsh?.stdout).toContain('bashcompinit');
  expect(zsh?.stdout.endsWith(bash?.stdout ?? '')).toBe(true);
  for (const [name, { options }] of Object.entries(commands)) {
    const [noun, verb] = name.split(' ');
    const when = `__fish_seen_subcommand_from ${noun}${verb === undefined ? '' : `; and __fish_seen_subcommand_from ${verb}`}`;
    for (const option of Object.keys(options)) {
      expect(fish?.stdout).toMatch(new RegExp(`^complete -c cambio -n '${when}[^']*' -l ${option}\\b`, 'm'));
    }
  }
});

test('another shell is told which there are', async () => {
  expect(await cambio('completion', 'tcsh')).toEqual({
    exit: 2,
    stdout: '',
    stderr: 'cambio: SHELL is one of bash, zsh, fish; did you mean bash?\nsee cambio completion --help\n',
  });
  expect((await cambio('completion', 'bash')).exit).toBe(0);
});
