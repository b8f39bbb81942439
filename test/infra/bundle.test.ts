import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type FunctionEntry, withBundle } from '../../infra/bundle.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { artifact } from './synthesized.ts';

const entries: readonly FunctionEntry[] = ['token', 'discovery', 'jwks', 'keyring-seed'];
const textOf = (entry: FunctionEntry) =>
  withBundle({ entry }, (directory) => readFileSync(join(directory, 'index.mjs'), 'utf8'));

describe('bundle', () => {
  test.each(entries)('%s: one module that exports handler, without source map or path of this machine', (entry) => {
    const text = textOf(entry);
    expect(text).toMatch(/export\{[^}]*\bhandler\b[^}]*\}|export (const|async function|function) handler/);
    expect(text).not.toContain('sourceMappingURL');
    expect(text).not.toContain(join(import.meta.dirname, '..', '..'));
  });

  test('the interpreter of `when` is in it only when a rule of its policy has a `when`', () => {
    const tokenBundle = (rules: PolicyArtifact['rules']) =>
      withBundle({ entry: 'token', policy: { ...artifact, rules } }, (directory) =>
        readFileSync(join(directory, 'index.mjs'), 'utf8'),
      );
    const plain = { id: 'no-forks', from: 'github', match: [], deny: 'any' } as const;
    const without = tokenBundle([plain]);
    const withOne = tokenBundle([plain, { ...plain, when: [{ name: 'always', expression: 'true' }] }]);
    const ofTheInterpreter = 'found no matching overload for';
    expect(withOne).toContain(ofTheInterpreter);
    expect(without).not.toContain(ofTheInterpreter);
    expect(withOne.length - without.length).toBeGreaterThan(100_000);
    expect(tokenBundle([{ ...plain, when: [] }])).toBe(without);
  });

  test('the policy lies beside it only when one is given', () => {
    const list = (directory: string) => readdirSync(directory).sort();
    expect(withBundle({ entry: 'jwks' }, list)).toEqual(['index.mjs']);
    expect(withBundle({ entry: 'discovery', policy: artifact }, list)).toEqual(['index.mjs', 'policy.json']);
  });

  test('its folder is gone afterwards, also when the construct could not be made', () => {
    const folders: string[] = [];
    withBundle({ entry: 'jwks' }, (directory) => folders.push(directory));
    expect(() =>
      withBundle({ entry: 'jwks' }, (directory) => {
        folders.push(directory);
        throw new Error('no construct');
      }),
    ).toThrow('no construct');
    expect(folders).toHaveLength(2);
    expect(folders.filter(existsSync)).toEqual([]);
  });
});
