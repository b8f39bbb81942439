import { expect, test } from 'vitest';
import { canonicalJson } from '../../../../infra/policy/lower/canonical-json.ts';

test('members are sorted by code units, at every level, and what is undefined is left out', () => {
  const value = { b: [{ 9: 1, 10: 2, a: undefined }], B: null, a: true };
  expect(canonicalJson(value)).toBe('{"B":null,"a":true,"b":[{"10":2,"9":1}]}');
});

test('a text is written as JSON writes it, whatever it holds', () => {
  for (const text of ['plain: /a@b~c', '', 'a"b', 'a\\b', 'a\nb', 'é', '\u{1f600}', '\ud800', '\u007f']) {
    expect(canonicalJson({ [text]: text })).toBe(JSON.stringify({ [text]: text }));
  }
});
