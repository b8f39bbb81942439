// The one file of `cambio`, made by the first test of a run that needs it (see ../once/run-folder.ts).
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bundleCli } from '../../infra/cli-bundle.ts';

export async function commandOnce(): Promise<string> {
  const path = join(process.env['TEST_RUN_FOLDER'] ?? expect.fail('no run of tests'), 'cambio.mjs');
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const { code } = await bundleCli();
  // Renamed: whoever reads meanwhile finds all of it or nothing.
  const beside = `${path}.${randomUUID()}`;
  writeFileSync(beside, code);
  renameSync(beside, path);
  return code;
}
