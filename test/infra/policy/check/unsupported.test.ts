import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findingsOf, validPolicy } from '../policy-world.ts';

const secret = `client_secret_basic: { sha256: "${'0'.repeat(64)}" }`;
const clients = (auth: string) => `${validPolicy}clients:\n  api:\n    auth: { ${auth} }\n`;

/** What decides differently than a policy without it, where its finding is, and what is fine beside it. */
const cases: readonly (readonly [text: string, finding: string, fine: string])[] = [
  [clients('tls_client_auth: { san_dns: a.example }'), '41:13: "tls_client_auth"', clients(secret)],
];

describe('what is not yet supported', () => {
  test.each(cases)('%#: is refused where it would change a decision', (text, finding, fine) => {
    expect(findingsOf(text)).toEqual([expect.stringContaining(`${finding} is not yet supported`)]);
    expect(findingsOf(fine)).toEqual([]);
  });

  test("is all there is to say of the contract's example, word for word", () => {
    const example = readFileSync(join(import.meta.dirname, '../fixtures/contract-example.txt'), 'utf8');
    const removable = (key: string) =>
      `${JSON.stringify(key)} is not yet supported | leave out the whole entry that needs it: without this key it would mean something else`;
    expect(findingsOf(example)).toEqual([`32:19: ${removable('tls_client_auth')}`]);
  });
});
