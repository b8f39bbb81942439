import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { policyJsonSchema } from '../../../../infra/policy/schema/json-schema.ts';

const committed = readFileSync(join(import.meta.dirname, '../../../../docs/policy.schema.json'), 'utf8');

test('docs/policy.schema.json is what `npm run schema` writes', () => {
  expect(committed).toBe(policyJsonSchema());
});

test('the JSON Schema closes every object it describes and names every section', () => {
  const schema = JSON.parse(committed) as { properties: object; additionalProperties: boolean };
  expect(schema.additionalProperties).toBe(false);
  expect(Object.keys(schema.properties)).toEqual([
    ...['version', 'issuers', 'clients', 'audiences', 'roles', 'rules', 'exports', 'imports'],
  ]);
});
