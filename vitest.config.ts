import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/once/longest-first.ts';

/**
 * Tests that leave their process as it was: they share a worker, whose start, and whose loading of the CDK and the compiler, cost
 * more than most of them do. No process, no stack, no variable of the environment.
 */
const sharing = [
  'test/shared/{*,audit/**/*,oauth/**/*,policy/**/*,probe/**/*,http/**/*}.test.ts',
  'test/infra/!(app|asset-upload|cli-bundle).test.ts',
  'test/infra/{alarms/*,api/*,audit/*,cost/*,dashboards/*,edge/*,probe/*,rollout/*,endpoints/*,policy/**/*,local/{gateway,kms,protocol,stand-ins,sts,template}/*}.test.ts',
  'test/cli/policy/!(check).test.ts',
];

const common = {
  testTimeout: 90_000,
  hookTimeout: 120_000,
  pool: 'forks' as const,
  globalSetup: './test/once/run-folder.ts',
  execArgv: ['--import', join(import.meta.dirname, 'test/once/preload.mjs')],
};

export default defineConfig({
  test: {
    // Two cores: who waits for a process, a socket or a clock leaves one idle.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: { ...common, name: 'alone', include: ['test/**/*.test.ts'], exclude: [...sharing, '**/node_modules/**'] },
      },
      { test: { ...common, name: 'sharing', include: sharing, isolate: false } },
    ],
  },
});
