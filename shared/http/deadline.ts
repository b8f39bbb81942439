// The one deadline of a request, over everything it waits for. Timers only.
import { withDeadline } from '../deadline.ts';
import { Refused } from '../oauth/denial.ts';

/** Milliseconds after which a caller is told to try again, whatever is still under way. */
export const requestTime = 3_000;

const begun = new WeakMap<object, number>();

/** What is waited for before an endpoint has the request is of the request's time. @param at milliseconds since some epoch */
export function beginTime(request: object, at: number): void {
  begun.set(request, at);
}

/** When the request's time began, if that was before its endpoint has it. */
export function begunAt(request: object): number | undefined {
  return begun.get(request);
}

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
