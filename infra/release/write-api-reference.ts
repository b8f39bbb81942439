// `npm run api`: writes docs/api.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiReference } from './api-reference.ts';
import { root } from './release-part.ts';

writeFileSync(join(root, 'docs/api.md'), apiReference());
