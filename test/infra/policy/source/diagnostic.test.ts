import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { formatDiagnostic, quote } from '../../../../infra/policy/source/diagnostic.ts';
import { compileText, validPolicy } from '../policy-world.ts';

/** Every finding stands inside the text (or just behind a line's end) and prints as its first line says. */
function expectWellPlaced(text: string): void {
  const lines = text.split('\n');
  for (const finding of compileText(text).diagnostics) {
    expect(finding.line).toBeGreaterThanOrEqual(1);
    expect(finding.line).toBeLessThanOrEqual(lines.length);
    expect(finding.column).toBeGreaterThanOrEqual(1);
    expect(finding.column).toBeLessThanOrEqual((lines[finding.line - 1]?.length ?? 0) + 1);
    expect(formatDiagnostic(finding)).toMatch(/^policy\.yaml:\d+:\d+: \S/);
    expect(formatDiagnostic(finding).split('\n').length).toBeLessThanOrEqual(2);
  }
}

const words = fc.constantFrom(
  'version',
  'issuers',
  'audiences',
  'rules',
  'clients',
  'url',
  'match',
  'grant',
  'from',
  'id',
  'deny',
);
const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double(), words);
const tree = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(words, fc.string()), tie('node'), { maxKeys: 5 }),
  ),
})).node;

describe('findings', () => {
  test('print as path:line:column: message, with an indented hint', () => {
    const finding = { severity: 'error', file: 'a.yaml', line: 3, column: 7, message: 'wrong' } as const;
    expect(formatDiagnostic(finding)).toBe('a.yaml:3:7: wrong');
    expect(formatDiagnostic({ ...finding, hint: 'right' })).toBe('a.yaml:3:7: wrong\n  hint: right');
    expect(formatDiagnostic({ ...finding, severity: 'warning' })).toBe('a.yaml:3:7: warning: wrong');
  });

  test('show values on one line, cut', () => {
    expect(quote('a\n\u001b[31m')).toBe('"a\\n\\u001b[31m"');
    expect(quote('x'.repeat(200))).toHaveLength(80);
  });

  test('stand inside the text, whatever the text is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), expectWellPlaced), { numRuns: 100 });
  });

  test('stand inside the text, whatever the YAML says', () => {
    fc.assert(
      fc.property(tree, (value) => expectWellPlaced(stringify(value))),
      { numRuns: 100 },
    );
  });

  test('stand inside a policy with a piece cut out or put in', () => {
    const at = fc.nat({ max: validPolicy.length });
    const piece = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('\n', '  ', '- ', '{', '*', '${', ': ', '"', '&a ', '*a'),
    );
    fc.assert(
      fc.property(at, fc.nat({ max: 40 }), piece, (from, length, text) => {
        expectWellPlaced(validPolicy.slice(0, from) + text + validPolicy.slice(from + length));
      }),
      { numRuns: 200 },
    );
  });
});
