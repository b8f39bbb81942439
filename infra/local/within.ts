// Waiting with a limit. Timers only.

/** The result of `work`, or `timeout` if the milliseconds are over first; the work itself goes on. */
export async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result | 'timeout'> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(resolve, milliseconds, 'timeout');
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}
