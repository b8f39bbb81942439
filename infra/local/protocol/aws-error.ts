// The errors AWS services answer with, and the failures tests inject. Pure but for the delay of an injected fault.

import { setTimeout as delay } from 'node:timers/promises';
import type { InjectFault, RecordedCall } from './calls.ts';

/** An error answer of an AWS service: its code on the wire and its HTTP status. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
  }
}

/**
 * Waits and fails as the test that injected the fault wants it.
 * @throws AwsError the injected failure
 */
export async function suffer(fault: InjectFault | undefined, calls: readonly RecordedCall[]): Promise<void> {
  for (const call of calls) {
    const injected = fault?.(call);
    if (injected === undefined) continue;
    if (injected.delayMs !== undefined) await delay(injected.delayMs, undefined, { ref: false });
    if ('code' in injected) throw new AwsError(injected.code, injected.message ?? 'injected fault', injected.status);
  }
}
