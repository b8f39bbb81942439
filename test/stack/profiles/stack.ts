// One running stack with an issuer of every profile, for all that is tried against it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { everyProfilePolicy } from '../../infra/policy/profiles/every-profile.ts';
import { type LocalStack, startLocalStack } from '../../local-stack.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-profiles-'));
let started: Promise<LocalStack> | undefined;
// Registered before the hooks of those who use it, and therefore run after them.
afterAll(async () => {
  await (await started)?.close();
  rmSync(folder, { recursive: true });
});

/** Started by who asks first, closed at the end of the file. */
export function profilesStack(): Promise<LocalStack> {
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, everyProfilePolicy);
  started ??= startLocalStack({ policy });
  return started;
}
