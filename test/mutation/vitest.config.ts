// The tests that mutation testing runs: those of the pure core, without the stack.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/shared/oauth/**/*.test.ts', 'test/shared/policy/**/*.test.ts'], testTimeout: 60_000 },
});
