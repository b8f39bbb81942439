import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { profileNames } from '../../../../infra/policy/profiles/registry.ts';
import { policyJsonSchema } from '../../../../infra/policy/schema/json-schema.ts';

const committed = readFileSync(join(import.meta.dirname, '../../../../docs/policy.schema.json'), 'utf8');

test('docs/policy.schema.json is what `npm run schema` writes', () => {
  expect(committed).toBe(policyJsonSchema());
});

test('the JSON Schema closes every object it describes and names every section', () => {
  const schema = JSON.parse(committed) as { properties: object; additionalProperties: boolean };
  expect(schema.additionalProperties).toBe(false);
  expect(Object.keys(schema.properties)).toEqual([
    ...['version', 'issuers', 'clients', 'audiences', 'roles', 'rules', 'tenants', 'exports', 'imports'],
  ]);
});

test('an editor knows every profile by the schema, which has a name of its own, and takes the demonstration policy', () => {
  const { $id, ...schema } = JSON.parse(committed);
  expect($id).toMatch(/^https:\/\/[\w.@/-]+\/policy\.schema\.json$/);
  const validator = z.fromJSONSchema(schema);
  const demonstration = readFileSync(join(import.meta.dirname, '../../../../infra/policy/demonstration.yaml'), 'utf8');
  expect(demonstration.split('\n')[0]).toBe('# yaml-language-server: $schema=../../docs/policy.schema.json');
  expect(validator.safeParse(parse(demonstration)).error).toBeUndefined();
  const takes = (claims: unknown): boolean =>
    validator.safeParse({ version: 1, issuers: { ci: { url: 'https://ci.example', audience: 'x', claims } } }).success;
  expect(profileNames.filter((name) => !takes(name) || !takes({ profile: name, more: { a: 'string' } }))).toEqual([]);
  expect([takes('github-action'), takes({ email: 'string' }), takes({ email: 'text' })]).toEqual([false, true, false]);
});
