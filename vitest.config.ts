import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests without a process, a server or a file of their own: they may share a worker, whose start costs more than they do. */
const pure = ['test/shared/oauth/**/*.test.ts', 'test/shared/policy/**/*.test.ts', 'test/infra/policy/**/*.test.ts'];

const common = {
  testTimeout: 90_000,
  hookTimeout: 120_000,
  pool: 'forks' as const,
  globalSetup: './test/once/run-folder.ts',
  execArgv: ['--import', join(import.meta.dirname, 'test/once/preload.mjs')],
};

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { ...common, name: 'parts', include: ['test/**/*.test.ts'], exclude: [...pure, '**/node_modules/**'] } },
      { test: { ...common, name: 'pure', include: pure, isolate: false } },
    ],
  },
});
