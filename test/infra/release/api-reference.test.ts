import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { apiReference } from '../../../infra/release/api-reference.ts';

const reference = apiReference();

test('docs/api.md is what `npm run api` writes', () => {
  expect(readFileSync(join(import.meta.dirname, '../../../docs/api.md'), 'utf8')).toBe(reference);
});

test('every prop and every public member has its line, with its type and what it is', () => {
  const lines = reference.split('\n');
  expect(lines).toContainEqual(expect.stringMatching(/^\| `trust\(role: Role\): void` \| Lets this deployment/));
  expect(lines).toContainEqual(expect.stringMatching(/^\| `policy: string \\\| CompiledPolicyInput` \| A policy file/));
  expect(reference).not.toMatch(/`private |trusted/);
  const undescribed = lines.filter((line) => /^\| `.*` \|\s+\|$/.test(line));
  expect(undescribed).toEqual([]);
});
