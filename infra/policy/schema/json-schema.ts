// The JSON Schema of the policy language, for editors. Pure.
import { z } from 'zod';
import { version } from '../../../shared/version.ts';
import { policySchema } from './schema.ts';

/** Where a release's is when its package is published. */
const id = `https://unpkg.com/cambio-token-exchange@${version}/policy.schema.json`;

/** Text of `docs/policy.schema.json`: draft 7, which the YAML language servers of editors know best. */
export function policyJsonSchema(): string {
  const schema = z.toJSONSchema(policySchema, { target: 'draft-7', io: 'input' });
  return `${onOneLine(JSON.stringify({ $id: id, title: 'Cambio policy', ...schema }, null, 2))}\n`;
}

const longestLine = 120;

/** Lists of words on one line where they fit, as the formatter of this repository wants them. */
function onOneLine(json: string): string {
  return json.replace(/^(.*)\[\s+((?:"[\w-]+",?\s+)+)\]/gm, (whole, before: string, words: string) => {
    const line = `${before}[${words.trim().replace(/\s+/g, ' ')}]`;
    return line.length <= longestLine ? line : whole;
  });
}
