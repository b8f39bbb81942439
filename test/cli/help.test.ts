// Every command's page, and what a mistyped command line is told.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasColour, painted } from '../../cli/colour.ts';
import { commands } from '../../cli/command-table.ts';
import { commandWords, operators, optionWords } from '../../cli/help-words.ts';
import { cambio } from './cambio.ts';

const names = Object.keys(commands);
const told = async (...words: string[]) => {
  const { exit, stdout, stderr } = await cambio(...words);
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  return stderr;
};

describe.each(names)('cambio %s', (name) => {
  const words = name.split(' ');
  const { options, argument } = commands[name] ?? expect.fail();
  const optionNames = Object.keys(options);

  test('has a page with its options and an example, by --help, -h and help', async () => {
    const { exit, stdout: page, stderr } = await cambio(...words, '--help');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(page.startsWith(`usage: cambio ${name}`)).toBe(true);
    expect(page).toMatch(new RegExp(`^examples?:\n  cambio ${name}\\b`, 'm'));
    for (const option of optionNames) expect(page).toMatch(new RegExp(`^  --${option}\\b.*(?:  \\S|\n {30}\\S)`, 'm'));
    for (const line of page.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect((await cambio(...words, '-h')).stdout).toBe(page);
    expect((await cambio('help', ...words)).stdout).toBe(page);
  });

  test('has examples whose options are its own', () => {
    for (const example of commandWords[name]?.examples ?? []) {
      const [own = ''] = example.split(' -- ');
      const given = [...own.matchAll(/ --([a-z-]+)/g)].map(([, option]) => option);
      expect(optionNames).toEqual(expect.arrayContaining(given));
    }
  });

  test('mistyped, is what was meant', async () => {
    const typo = `${name}${name.at(-1)}`;
    // `suspend lits` begins with a command, which has words of its own.
    if (name !== 'suspend list' && name !== 'aws exec' && name !== 'aws trust-policy') {
      expect(await told(...typo.split(' '))).toContain(`unknown command: ${typo}; did you mean ${name}?\n`);
    }
    expect((await cambio(...words, '--help')).exit).toBe(0);
  });

  test('with a mistyped option says which was meant, and where its page is', async () => {
    const [option = 'help'] = [...optionNames].sort((one, other) => other.length - one.length);
    const typo = `--${option[0]}${option.slice(2)}`;
    const said = `cambio: there is no option ${typo}; did you mean --${option}?\nsee cambio ${name} --help\n`;
    expect(await told(...words, typo)).toBe(said);
  });

  test('with something left out, or too much, says what', async () => {
    const [option] = optionNames.filter((each) => options[each]?.type === 'string');
    if (option !== undefined) {
      expect(await told(...words, `--${option}`)).toContain(`cambio: --${option} needs a value\n`);
      expect(await told(...words, `--${option}`, '--x')).toContain(`--${option} needs a value; one that begins with -`);
    } else if (!argument?.optional) expect(await told(...words)).toContain(`cambio: ${name} needs ${argument?.name}\n`);
    else expect(await told(...words, 'a', 'b')).toContain(`cambio: ${name} takes one ${argument.name}\n`);
  });
});

test.each([
  [['policy'], 'unknown command: policy; policy has check, test, explain, reach, '],
  [['polcy', 'check'], 'unknown command: polcy check; did you mean policy check?'],
  [['exchagne'], 'unknown command: exchagne; did you mean exchange?'],
  [['swap'], 'unknown command: swap\nsee cambio --help'],
  [['help', 'exchagne'], 'unknown command: exchagne; did you mean exchange?'],
  [
    ['aws', '--role', 'x', '--format', 'evn'],
    '--format takes one of process, env, github, container; did you mean env?',
  ],
  [['exchange', '--json=yes'], '--json takes no value'],
  [['exchange', '-a', 'x'], 'there is no option -a; options have two dashes: --url, '],
  [
    ['suspend', 'clint', 'x', '--reason', 'r'],
    'KIND is one of issuer, client, rule, audience, role; did you mean client?',
  ],
  [['revoke', '--by', 'sub', '--value', 'x'], '--by takes one of jti, family, subject, client, issuer, key, run'],
  [['doctor', '--checklist', 'productoin'], 'incident; did you mean production?'],
])('%j is helped by the next line', async (words, said) => {
  const stderr = await told(...words);
  expect(stderr).toContain(said);
  expect(stderr.trimEnd().split('\n')).toHaveLength(2);
});

test('the commands that begin with the same word have a page together', async () => {
  const { stdout } = await cambio('policy', '--help');
  for (const name of names.filter((each) => each.startsWith('policy '))) expect(stdout).toContain(`\n  ${name} `);
  expect((await cambio('help')).stdout).toContain('usage: cambio <command>');
});

test('nothing has words that is not there', () => {
  expect(Object.keys(commandWords).sort()).toEqual([...names].sort());
  expect(names).toEqual(expect.arrayContaining([...operators]));
  const options = Object.values(commands).flatMap((command) => Object.keys(command.options));
  expect([...new Set(options)]).toEqual(expect.arrayContaining(Object.keys(optionWords)));
  for (const [name, { options: own = {} }] of Object.entries(commandWords))
    expect(Object.keys(commands[name]?.options ?? {})).toEqual(expect.arrayContaining(Object.keys(own)));
});

describe('colour', () => {
  test('is for a terminal that wants it, and for nothing that is piped', () => {
    expect(hasColour({ isTTY: true }, {})).toBe(true);
    expect(hasColour({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
    expect(hasColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(hasColour({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(hasColour({ isTTY: false }, {})).toBe(false);
    expect(hasColour({}, {})).toBe(false);
    const cli = join(import.meta.dirname, '../../cli/cambio.mjs');
    expect(execFileSync(process.execPath, [cli, 'why', '--help'], { encoding: 'utf8' })).not.toContain('\u001b');
  });

  test('marks what a line is and leaves data alone', () => {
    expect(painted('  ✓ ref\n  ✗ env\n')).toBe('\u001b[32m  ✓\u001b[0m ref\n\u001b[31m  ✗\u001b[0m env\n');
    expect(painted('cambio: no\n')).toBe('\u001b[31mcambio:\u001b[0m no\n');
    expect(painted('options:\n')).toBe('\u001b[1moptions:\u001b[0m\n');
    const data = '{"access_token":"✓ eyJ","options:":1}\nexport AWS_REGION=x\n';
    expect(painted(data)).toBe(data);
  });
});
