// A failing dependency as the exchange sees it. Pure.
import { type Dependency, Refused } from '../oauth/denial.ts';

/**
 * Awaits a call; whatever it throws becomes Refused `unavailable` with the cause kept. A call that is refused is
 * our mistake or an operator's, not the caller's, so it is no 4xx either.
 */
export async function callDependency<Answer>(dependency: Dependency, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof Refused) throw cause;
    throw new Refused({ kind: 'unavailable', dependency }, { cause });
  }
}

/** Whether a service says that it is asked too often. */
export function isThrottling(error: unknown): boolean {
  return error instanceof Error && /^(?:Throttl|RequestLimit|ProvisionedThroughput)/.test(error.name);
}

/** Whether DynamoDB did not write because the item is not as the condition says. */
function isConditionFailed(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}

/** What a conditional write answers; undefined when the item is not as its condition says. */
export async function unlessConditionFailed<Answer>(write: Promise<Answer>): Promise<Answer | undefined> {
  return write.catch((error: unknown) => {
    if (isConditionFailed(error)) return undefined;
    throw error;
  });
}
