import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileLocalPolicy } from '../../../../infra/local/stand-ins/local-policy.ts';
import { validPolicy } from '../../policy/policy-world.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-local-policy-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

test('the local stack runs the tests beside its policy, as a synth does', async () => {
  const path = join(folder, 'policy.yaml');
  writeFileSync(path, validPolicy);
  const start = (allow: boolean) => {
    const text = `version: 1
tests:
  - name: main reads
    issuer: github
    claims: { sub: a, repository_id: "456789", ref: refs/heads/main }
    request: { audience: orders-api }
    expect: { allow: ${allow} }
`;
    writeFileSync(join(folder, 'policy.test.yaml'), text);
    return compileLocalPolicy({ path, realIssuers: true, log: () => {} });
  };
  await expect(start(true)).resolves.toHaveProperty('policy');
  await expect(start(false)).rejects.toThrow(
    /policy\.test\.yaml:7:\d+: test "main reads" failed: expected refuse; got allow/,
  );
});
