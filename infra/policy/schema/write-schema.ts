// `npm run schema`: writes docs/policy.schema.json.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { policyJsonSchema } from './json-schema.ts';

writeFileSync(join(import.meta.dirname, '../../../docs/policy.schema.json'), policyJsonSchema());
