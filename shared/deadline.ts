// A time limit over everything that is waited for. Timers only.

export interface Deadline {
  readonly milliseconds: number;
  /** What is thrown when they are over. */
  readonly expired: () => Error;
}

/**
 * Awaits `work` for as long as the deadline allows. The signal it may ask for aborts at the end of either: what listens to it
 * leaves nothing under way, what does not is left to end by its own time-outs, and its result is for nobody.
 */
export async function withDeadline<Answer>(
  { milliseconds, expired }: Deadline,
  work: (signal: () => AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  // To abort makes an error with its stack: for nobody where nobody listens.
  let controller: AbortController | undefined;
  const signal = (): AbortSignal => {
    controller ??= new AbortController();
    return controller.signal;
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(expired()), Math.max(milliseconds, 0));
      work(signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    controller?.abort();
  }
}
