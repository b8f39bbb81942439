import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/once/longest-first.ts';

/**
 * Tests that want a worker of their own: they change what all of a process sees (its temporary folder), or end with the last
 * test of their file what another file would find ended (the folder of the GitHub action), or do nearly all in other processes.
 * The others share workers, whose start, and whose loading of the CDK, the compiler and the local stack, cost more than most of
 * them do: what they change of their process they set back.
 */
const alone = [
  'test/stack/demonstration.test.ts',
  'test/infra/{asset-upload,cli-bundle}.test.ts',
  'test/infra/local/{aws-cli,boto3,stack,start}.test.ts',
  'test/infra/release/package.test.ts',
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
      { test: { ...common, name: 'alone', include: alone } },
      {
        test: {
          ...{ ...common, name: 'sharing', isolate: false },
          ...{ include: ['test/**/*.test.ts'], exclude: [...alone, '**/node_modules/**'] },
        },
      },
    ],
  },
});
