import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { urlProblem } from '../../../../infra/policy/schema/https-url.ts';

const refused: readonly (readonly [url: string, problem: string, twin: string])[] = [
  ['HTTPS://a.example', 'exact form', 'https://a.example'],
  ['https://A.example', 'exact form', 'https://a.example'],
  ['https://a.example:443', 'exact form', 'https://a.example:8443'],
  ['https://a.example:0443/x', 'exact form', 'https://a.example/x'],
  ['https://user@a.example', 'user name', 'https://a.example/user'],
  ['https://user:pass@a.example', 'user name', 'https://a.example/pass'],
  ['https://a.example/?q=1', 'query', 'https://a.example/q'],
  ['https://a.example?', 'query', 'https://a.example/'],
  ['https://a.example/#x', 'fragment', 'https://a.example/x'],
  ['https://bücher.example', 'exact form', 'https://xn--bcher-kva.example'],
  ['https://a.example/../b', 'exact form', 'https://a.example/b'],
  ['https://a.example/%2e%2e/b', 'exact form', 'https://a.example/%7E/b'],
  ['https:\\\\a.example', 'exact form', 'https://a.example'],
  ['https://a.example\t', 'exact form', 'https://a.example'],
  [' https://a.example', 'exact form', 'https://a.example'],
  ['https://a.example.', 'dot', 'https://a.example'],
  ['https://0x7f.1', 'exact form', 'https://203.0.113.7'],
  ['https://2130706433', 'exact form', 'https://2130706433.example'],
  ['https://127.0.0.2', 'loopback', 'https://128.0.0.1'],
  ['https://localhost.', 'dot', 'https://localhost.example'],
  ['https://a.localhost:8443', 'loopback', 'https://a.example:8443'],
  ['https://169.254.169.254', 'link-local', 'https://169.253.169.254'],
  ['https://[::1]', 'loopback', 'https://[2001:db8::1]'],
  ['https://[::ffff:7f00:1]', 'loopback', 'https://[2001:db8::7f00:1]'],
  ['http://a.example', 'must begin with https://', 'https://a.example'],
  ['javascript:alert(1)', 'must begin with https://', 'https://alert'],
  ['a.example', 'not an absolute URL', 'https://a.example'],
  ['', 'not an absolute URL', 'https://a.example'],
];

describe('the URLs a policy may name', () => {
  test.each(refused)('%s is refused (%s), %s is not', (url, problem, twin) => {
    expect(urlProblem(url, false)).toContain(problem);
    expect(urlProblem(twin, false)).toBeUndefined();
    expect(urlProblem(url, true)).toContain(problem);
  });

  test.each([
    'http://127.0.0.1:8787',
    'http://localhost:8787/x',
    'http://127.0.0.1',
    'https://127.0.0.1:8443',
    'https://127.0.0.1',
    'https://localhost/x',
  ])('%s is for the local stack', (url) => {
    expect(urlProblem(url, true)).toBeUndefined();
    expect(urlProblem(url, false)).toContain('only the local stack');
  });

  test.each([
    'http://127.0.0.1.a.example',
    'http://127.0.0.1:99999',
    'http://127.0.0.1@a.example',
    'http://localhost.a.example:8787',
    'http://127.1:8787',
    'http://LOCALHOST:8787',
    'http://10.0.0.1',
  ])('%s is not for the local stack either', (url) => {
    expect(urlProblem(url, true)).toBeDefined();
  });

  test('an accepted URL is what every parser makes of it', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      '.',
      '/',
      ':',
      '@',
      '?',
      '#',
      '%2e',
      '1',
      '0x7f',
      '[::1]',
      '\\',
      ' ',
      'ü',
      '-',
    );
    const url = fc.array(piece, { maxLength: 6 }).map((pieces) => `https://a${pieces.join('')}`);
    const accepted = fc.sample(url, 300).filter((candidate) => urlProblem(candidate, false) === undefined);
    expect(accepted.length).toBeGreaterThan(5);
    for (const candidate of accepted) expect([candidate, `${candidate}/`]).toContain(new URL(candidate).href);
  });
});
