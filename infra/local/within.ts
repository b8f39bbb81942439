// Waiting for something, but not for ever. Timers only.

/** What `work` comes to, or `timeout` when the milliseconds are over first; the work itself goes on. */
export async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result | 'timeout'> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(resolve, milliseconds, 'timeout');
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}
