// What programs read of a release: openapi.json, and policy.schema.json for editors. Writes files.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { policyJsonSchema } from '../policy/schema/json-schema.ts';
import { openApiDocument } from './openapi/document.ts';
import { type ReleasePart, version } from './release-part.ts';

export const makeDocuments: ReleasePart = async (dist) => {
  const files = {
    'openapi.json': `${JSON.stringify(openApiDocument(version), undefined, 2)}\n`,
    'policy.schema.json': policyJsonSchema(),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dist, name), text);
  return Object.keys(files);
};
