// The JSON Schema of the policy language, for editors. Pure.
import { z } from 'zod';
import { policySchema } from './schema.ts';

/** Text of `docs/policy.schema.json`: draft 7, which the YAML language servers of editors know best. */
export function policyJsonSchema(): string {
  const schema = z.toJSONSchema(policySchema, { target: 'draft-7', io: 'input' });
  return `${onOneLine(JSON.stringify({ title: 'Cambio policy', ...schema }, null, 2))}\n`;
}

/** Short lists of words on one line, as the formatter of this repository wants them. */
function onOneLine(json: string): string {
  return json.replace(/\[\s+((?:"[\w-]+",?\s+)+)\]/g, (_, words: string) => `[${words.trim().replace(/\s+/g, ' ')}]`);
}
