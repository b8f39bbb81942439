// The one deadline of a request, over everything it waits for. Timers only.
import { withDeadline } from '../deadline.ts';
import { Refused } from '../oauth/denial.ts';

/** Milliseconds after which a caller is told to try again, whatever is still under way. */
export const requestTime = 3_000;

/**
 * Awaits `work` for at most `milliseconds`. The result of work that takes longer is never sent; `onExpiry` is called so that
 * the work can learn it.
 * @throws Refused `unavailable`
 */
export function withinTime<Answer>(
  milliseconds: number,
  work: () => Promise<Answer>,
  onExpiry?: () => void,
): Promise<Answer> {
  const expired = () => {
    onExpiry?.();
    return new Refused({ kind: 'unavailable', dependency: 'deadline' });
  };
  return withDeadline({ milliseconds, expired }, work);
}
