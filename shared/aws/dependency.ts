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
