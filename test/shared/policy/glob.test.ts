import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesGlob } from '../../../shared/policy/glob.ts';

const alphabet = fc.constantFrom('a', 'b', ':', '/', '.', '|', '[', '?', '\n', 'é');
const pattern = fc
  .array(fc.oneof(alphabet, fc.constantFrom('*', '**')), { maxLength: 8 })
  .map((parts) => parts.join(''));
const text = fc.string({ unit: alphabet, maxLength: 10 });

/** The same language as a regular expression: slow at worst, and therefore only here. */
function reference(glob: string): RegExp {
  const parts = glob
    .split(/(\*\*|\*)/)
    .map((part) => (part === '**' ? '[^]*' : part === '*' ? '[^:/]+' : part.replace(/[.|[\]?\\^$(){}+]/g, '\\$&')));
  return new RegExp(`^(?:${parts.join('')})$`);
}

describe('a glob', () => {
  test('matches what its regular expression matches', () => {
    fc.assert(
      fc.property(pattern, text, (glob, value) => {
        expect(matchesGlob(glob, value)).toBe(reference(glob).test(value));
      }),
      { numRuns: 5_000 },
    );
  });

  test('without stars matches itself alone', () => {
    fc.assert(
      fc.property(text, text, (glob, value) => {
        expect(matchesGlob(glob, value)).toBe(glob === value);
      }),
    );
  });

  test.each([
    ['repo:org/*', 'repo:org/app', true],
    ['repo:org/*', 'repo:org-evil/x', false],
    ['repo:org/*', 'repo:org', false],
    ['repo:org/*', 'xrepo:org/a', false],
    ['repo:org/*', 'repo:org/app:pull_request', false],
    ['repo:org/*:ref:refs/heads/main', 'repo:org/app:ref:refs/heads/main', true],
    ['repo:org/*:ref:refs/heads/main', 'repo:org/app:ref:refs/heads/main-evil', false],
    ['repo:org/*', 'repo:org/', false],
    ['repo:org/**', 'repo:org/', true],
    ['repo:org/**', 'repo:org/app:ref:refs/tags/v1', true],
    ['system:serviceaccount:shop:*', 'system:serviceaccount:shop:orders', true],
    ['system:serviceaccount:shop:*', 'system:serviceaccount:shop:orders:x', false],
    ['system:serviceaccount:shop:*', 'system:serviceaccount:shop-evil:orders', false],
    ['a|b', 'a', false],
    ['a?', 'ab', false],
    ['[ab]', 'a', false],
    ['', '', true],
    ['', 'a', false],
  ])('%s on %s: %s', (glob, value, expected) => {
    expect(matchesGlob(glob, value)).toBe(expected);
  });

  test('made to backtrack ends, on a text of 16 KiB', () => {
    expect(matchesGlob(`${'**a'.repeat(40)}b`, 'a'.repeat(16_384))).toBe(false);
    expect(matchesGlob(`${'*a'.repeat(40)}b`, 'a'.repeat(16_384))).toBe(false);
    expect(matchesGlob(`${'**a'.repeat(40)}`, 'a'.repeat(16_384))).toBe(true);
  });
});
