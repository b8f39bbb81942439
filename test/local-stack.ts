// The local stack for tests: in a run of tests its template is synthesized by the process that does so for all of them.
import { type LocalStack, type LocalStackOptions, startLocalStack as start } from '../infra/local/stack.ts';
import { openSynthesis } from './once/synthesis.ts';

export type { LocalStack, LocalStackOptions };

/** As the product's own. Scripts, which are no run of tests, have nobody to ask. */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  return start(process.env['TEST_RUN_FOLDER'] === undefined ? options : { ...options, synthesis: openSynthesis() });
}
