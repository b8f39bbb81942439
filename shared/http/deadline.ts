// The one deadline of a request, over everything it waits for. Timers only.
import { Refused } from '../oauth/denial.ts';

/**
 * Awaits `work` for at most `milliseconds`. What is still under way then is left to end by its own time-outs; its
 * result is never sent, which `onExpiry` may tell it.
 * @throws Refused `unavailable`
 */
export async function withDeadline<Answer>(
  milliseconds: number,
  work: Promise<Answer>,
  onExpiry?: () => void,
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onExpiry?.();
      reject(new Refused({ kind: 'unavailable', dependency: 'deadline' }));
    }, milliseconds);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
