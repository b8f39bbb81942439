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
    expect(withBundle({ entry: 'jwks' }, list)).toEqual(['index.mjs', 'sdk']);
    expect(withBundle({ entry: 'discovery', policy: artifact }, list)).toEqual(['index.mjs', 'policy.json']);
  });

  test('the SDK lies beside it in files of its own, and every file that one names is there', () => {
    withBundle({ entry: 'token' }, (directory) => {
      const index = readFileSync(join(directory, 'index.mjs'), 'utf8');
      expect(index.match(/import\("\.\/sdk\/\w+\.mjs"\)/g)?.sort()).toEqual(
        ['dynamodb', 'kms', 'sts'].map((name) => `import("./sdk/${name}.mjs")`),
      );
      // The name by which every client of the SDK calls itself.
      expect(index).not.toContain('aws-sdk-js');
      const files = readdirSync(join(directory, 'sdk'));
      const code = files.map((file) => readFileSync(join(directory, 'sdk', file), 'utf8'));
      expect(code.join()).toContain('aws-sdk-js');
      const named = code.flatMap((text) =>
        [...text.matchAll(/(?:from|import\()"\.\/([^"]+)"/g)].map(([, file]) => file),
      );
      expect(named.filter((file) => !files.includes(file ?? ''))).toEqual([]);
      expect(named.length).toBeGreaterThan(5);
    });
    expect(withBundle({ entry: 'discovery' }, (directory) => readdirSync(directory))).toEqual(['index.mjs']);
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
