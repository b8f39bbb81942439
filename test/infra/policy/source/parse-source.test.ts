import { describe, expect, test } from 'vitest';
import { parseSource } from '../../../../infra/policy/source/parse-source.ts';
import { expectMistake, findingsOf, type Mistake, validPolicy } from '../policy-world.ts';

const alias = 'quote a pattern that begins with a star';

const mistakes: Readonly<Record<string, Mistake>> = {
  'a syntax error': {
    from: 'version: 1\n',
    bad: 'version: 1\n\tissuers: {}\n',
    finding: '2:1: not valid YAML: Tabs are not allowed as indentation',
    good: 'version: 1\n\n',
  },
  'a template without quotes': {
    from: '"${claims.repository}"',
    bad: '${claims.repository}',
    finding: '26:76: not valid YAML: Unexpected flow-map-start at node end | quote a template: "${claims.NAME}"',
    good: "'${claims.repository}'",
  },
  'a key that appears twice': {
    from: 'team: blue',
    bad: 'runner_id: 8',
    finding: '37:60: this key appears twice | keep one of the two',
    good: 'extra.id: 8',
  },
  'a second document': {
    from: 'version: 1\n',
    bad: '---\nversion: 1\n---\n',
    finding: '3:1: a policy file holds one document | remove "---" or use two files',
    good: '---\nversion: 1\n',
  },
  'YAML 1.1': {
    from: 'version: 1\n',
    bad: '%YAML 1.1\n---\nversion: 1\n',
    finding: '1:1: policies are YAML 1.2, not 1.1 | remove the %YAML line',
    good: '%YAML 1.2\n---\nversion: 1\n',
  },
  'a tag': {
    from: 'team: blue',
    bad: 'team: !colour blue',
    finding: '37:66: YAML tags are not part of a policy | remove the tag',
    good: 'team: "blue"',
  },
  'a key that readers of JSON drop': {
    from: 'team: blue',
    bad: '__proto__: blue',
    finding: '37:60: "__proto__" cannot be a key',
    good: 'extra.proto: blue',
  },
  'a pattern of one star without quotes': {
    from: 'team: blue',
    bad: 'team: *',
    finding: `37:66: not valid YAML: Alias cannot be an empty string | ${alias}: "*"`,
    good: 'team: "b*"',
  },
  'a pattern that begins with a star without quotes': {
    from: 'team: blue',
    bad: 'team: *-blue',
    finding: `37:66: there is no anchor &-blue | ${alias}: "*-blue"`,
    good: 'team: "*-blue"',
  },
  'an alias that contains itself': {
    from: 'team: blue',
    bad: 'team: &team [*team]',
    finding: '37:73: the alias *team contains itself',
    good: 'team: &team [blue]',
  },
};

describe('YAML', () => {
  test.each(Object.entries(mistakes))('refuses %s', (_, mistake) => expectMistake(mistake));

  test('tells only the first of the syntax errors that follow from one', () => {
    expect(findingsOf(`${validPolicy}  - [}\n  - ]{\n`)).toHaveLength(1);
  });

  test('refuses an alias bomb and follows an honest alias', () => {
    const list = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(of).join(', ')}]\n`;
    const bomb = [list('a', 'x'), list('b', '*a'), list('c', '*b'), list('d', '*c')].join('');
    expect(findingsOf(bomb)).toEqual([
      '1:1: cannot be read as YAML: Excessive alias count indicates a resource exhaustion attack',
    ]);
    const honest = validPolicy
      .replace('scopes: [orders:read, orders:write]', 'scopes: &all [orders:read, orders:write]')
      .replace('scopes: [orders:read] }', 'scopes: *all }');
    expect(findingsOf(honest)).toEqual([]);
  });

  test('refuses nesting that would exhaust the stack', () => {
    expect(findingsOf(`version: 1\nexports: ${'['.repeat(20_000)}\n`)).toHaveLength(1);
    expect(findingsOf(`version: 1\nexports: {}\nrules: []\n`)).toEqual([expect.stringContaining('without rules')]);
  });

  test('knows positions behind aliases, in lists and of absent keys', () => {
    const { source } = parseSource({ path: 'p.yaml', text: 'a: &x\n  b: [1, 22]\nc: *x\n' });
    expect(source?.positionOf(['c', 'b', 1], 'value')).toEqual({ line: 2, column: 10 });
    expect(source?.positionOf(['c', 'b'], 'key')).toEqual({ line: 2, column: 3 });
    expect(source?.positionOf(['c', 'absent'], 'value')).toEqual({ line: 3, column: 1 });
    expect(source?.has(['c', 'b', 2])).toBe(false);
    expect(source?.has(['c', 'b', 1])).toBe(true);
  });

  test('names an empty file', () => {
    expect(findingsOf('# nothing\n')).toEqual(['1:1: the file is empty | begin with "version: 1"']);
  });

  test('counts lines and columns behind a byte order mark and with CRLF', () => {
    expect(findingsOf('version: 1\r\nisuers: {}\r\n')).toEqual([expect.stringContaining('2:1: unknown key "isuers"')]);
    expect(findingsOf('\uFEFFversion: 1\nisuers: {}\n')).toEqual([
      expect.stringContaining('2:1: unknown key "isuers"'),
    ]);
  });
});
