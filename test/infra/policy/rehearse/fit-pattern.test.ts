import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitExpression, fitGlob } from '../../../../infra/policy/rehearse/fit-pattern.ts';
import { matchesGlob } from '../../../../shared/policy/glob.ts';

describe('texts that fit a glob', () => {
  test('fit it, whatever it is', () => {
    const glob = fc
      .array(fc.constantFrom('*', '**', 'a', ':', '/', 'x*'), { maxLength: 6 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(glob, (pattern) => {
        const texts = [...fitGlob(pattern, 'repo:acme/api:ref', { fillers: ['any'] })];
        expect(texts.length).toBeGreaterThan(0);
        for (const text of texts) expect(matchesGlob(pattern, text)).toBe(true);
      }),
    );
  });

  test('are the real one first, then what ends like it', () => {
    expect(fitGlob('repo:*/**', 'repo:acme/api:ref', { fillers: ['any'] }).next().value).toBe('repo:acme/api:ref');
    expect([...fitGlob('repo:other/**', 'repo:acme/api:ref', { fillers: ['any'] })]).toContain('repo:other/api:ref');
    expect([...fitGlob('plain', 'repo:acme/api:ref', { fillers: ['any'] })]).toEqual(['plain']);
  });

  test('are made only as far as they are asked for, however many stars there are', () => {
    let made = 0;
    const suits = () => {
      made += 1;
      return true;
    };
    const fillers = ['a', 'b', 'c', 'd'];
    const texts = () => fitGlob('x*'.repeat(16), undefined, { fillers, suits });
    expect(texts().next().value).toBe(`xa xa xa ${'xd '.repeat(13)}`.replaceAll(' ', ''));
    expect(made).toBe(1);
    expect([...texts()]).toHaveLength(4 ** 3);
    expect([...fitGlob('x*', undefined, { fillers, suits: (text) => text !== 'xb' })]).toEqual(['xa', 'xc', 'xd']);
  });
});

test.each([
  '^acme/.*$',
  '^[a-f]{40}$',
  '^(red|blue)-[0-9]+$',
  '^v\\d+\\.\\d+$',
  'refs/(heads|tags)/[^/]+$',
  '^\\w{3}[.-]x?$',
])('some text fits the expression %s', (pattern) => {
  expect(fitExpression(pattern, ['any']).some((text) => new RegExp(pattern).test(text))).toBe(true);
});
