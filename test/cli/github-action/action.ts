// The folder github-action of a release, made once for the tests of a file.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { commandOnce } from '../command-once.ts';

export const action = mkdtempSync(join(tmpdir(), 'cambio-action-'));

beforeAll(async () => {
  cpSync(join(import.meta.dirname, '../../../cli/github-action'), action, { recursive: true });
  writeFileSync(join(action, 'cambio.mjs'), await commandOnce());
});
afterAll(() => rmSync(action, { recursive: true }));
