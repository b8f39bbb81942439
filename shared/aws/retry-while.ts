// Work that is done again while what keeps it passes by itself. No I/O of its own.

export interface Patience {
  /** Whether it is worth another attempt; any other failure is thrown. */
  readonly passes: (error: unknown) => boolean;
  /** Seconds before each further attempt, the last of which may fail. */
  readonly waits: readonly number[];
  readonly wait: (seconds: number) => Promise<unknown>;
}

/** @param work may be done twice */
export async function retryWhile<Result>(
  work: () => Promise<Result>,
  { passes, waits, wait }: Patience,
): Promise<Result> {
  for (const seconds of waits) {
    try {
      return await work();
    } catch (error) {
      if (!passes(error)) throw error;
      await wait(seconds);
    }
  }
  return work();
}
