import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StartError } from '../../../infra/local/start-error.ts';
import { startHelp, startWords } from '../../../infra/local/start-words.ts';

const refusal = (...words: string[]): string => {
  try {
    startWords(words);
    return 'taken';
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
};

describe('the words of npm start', () => {
  it('are read, and without any there is the port of the documentation', () => {
    expect(startWords([])).toMatchObject({ port: 8787, quiet: false, json: false, help: false, realIssuers: false });
    const words = ['--port', '0', '--policy', 'p', '--data=d', '--real-issuers', '--quiet', '--json'];
    const read = { port: 0, policy: 'p', data: 'd', realIssuers: true, quiet: true, json: true, help: false };
    expect(startWords(words)).toMatchObject(read);
  });

  it.each([
    [['--prot', '1'], 'there is no option --prot; did you mean --port?'],
    [['--polcy=x'], 'there is no option --polcy; did you mean --policy?'],
    [['--quite'], 'there is no option --quite; did you mean --quiet?'],
    [['-p', '1'], 'there is no option -p; options have two dashes: --port, '],
    [['--bogus'], 'there is no option --bogus; known: --data, --help, --json, '],
    [['--port', 'x'], '--port must be 0 to 65535'],
    [['--port', '65536'], '--port must be 0 to 65535'],
    [['--policy'], '--policy needs a value'],
    [['--policy', '--quiet'], '--policy needs a value; one that begins with - is written --policy=--quiet'],
    [['--quiet=yes'], '--quiet takes no value'],
    [['extra'], 'there is no word extra here, only options'],
    [['--value', 'eks'], '--value is NAME=VALUE, not eks'],
  ])('refuse %j in one line that shows the usage', (words, message) => {
    expect(refusal(...words).startsWith(message)).toBe(true);
    expect(refusal(...words)).toMatch(/; usage: npm start -- \S.*$/);
    expect(refusal('--port', '1')).toBe('taken');
  });

  it('give what CDK would give at deploy: an ARN is a role’s, anything else the URL of an issuer', () => {
    const words = ['--value', 'eks=https://oidc.example/id/A?x=y', '--value', 'deploy=arn:aws:iam::1:role/d'];
    expect(startWords(words).given).toEqual({
      issuerUrls: { eks: 'https://oidc.example/id/A?x=y' },
      roleArns: { deploy: 'arn:aws:iam::1:role/d' },
    });
  });

  it('have a page of help that names every option, by --help and by -h, and nothing starts', () => {
    expect([startWords(['--help']).help, startWords(['-h']).help, startWords([]).help]).toEqual([true, true, false]);
    const entry = join(import.meta.dirname, '../../../infra/local/start.mjs');
    expect(execFileSync(process.execPath, [entry, '--help'], { encoding: 'utf8' })).toBe(startHelp);
    for (const option of ['port', 'policy', 'data', 'value', 'real-issuers', 'json', 'quiet', 'help'])
      expect(startHelp).toMatch(new RegExp(`^  .*--${option}\\b`, 'm'));
  });
});
