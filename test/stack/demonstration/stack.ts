// One running stack of the demonstration policy for all that is tried against it: to start one takes seconds of both cores.
import { afterAll } from 'vitest';
import { type LocalStack, startLocalStack } from '../../local-stack.ts';

let started: Promise<LocalStack> | undefined;
// Registered before the hooks of those who use it, and therefore run after them.
afterAll(async () => (await started)?.close());

/** Started by who asks first, closed at the end of the file. */
export function demonstrationStack(): Promise<LocalStack> {
  started ??= startLocalStack();
  return started;
}
