// `cambio probe` on the running stack: the promise of how late a revocation is noticed, kept by introspection and Status List.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cambioIn, inTheWorld } from '../cli/cambio.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';

const sha256 = createHash('sha256').update('secret').digest('hex');
const policy = `version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions }
clients:
  prober: { auth: { client_secret_basic: { sha256: ${sha256} } }, introspects: [listed-api, plain-api, opaque-api] }
audiences:
  listed-api: { scopes: [a], status: true }
  plain-api: { scopes: [a] }
  opaque-api: { scopes: [a], format: reference }
rules:
${['listed', 'plain', 'opaque'].map((name) => `  - { id: ${name}, from: github, client: prober, match: { repository_id: "456789" }, grant: { audience: ${name}-api, scopes: [a] } }`).join('\n')}
`;

const folder = mkdtempSync(join(tmpdir(), 'cambio-probe-'));
let stack: LocalStack;
beforeAll(async () => {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, policy);
  stack = await startLocalStack({ policy: file });
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

test.each([
  ['listed-api', true],
  ['plain-api', false],
  ['opaque-api', false],
])('of %s within 60 s, by the Status List: %s', async (audience, listed) => {
  const environment = { CAMBIO_URL: stack.url, CAMBIO_ID_TOKEN: await stack.tokenFor('github'), SECRET: 'secret' };
  const words = ['probe', '--audience', audience, '--client-id', 'prober', '--client-secret-env', 'SECRET'];
  const { exit, stdout, stderr } = await cambioIn(inTheWorld(environment), ...words);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  const said = JSON.parse(stdout);
  expect(said).toMatchObject({ audience, within_promise: true, inactive_ms: expect.any(Number) });
  expect('status_list_ms' in said).toBe(listed);
});
