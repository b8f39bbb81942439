// Work that a new role does at deploy: IAM puts its rights in force within seconds, not at once. No I/O of its own.
import { retryWhile } from './retry-while.ts';

/** Seconds to wait before each further attempt: 40 in all, within which IAM's changes are ordinarily seen everywhere. */
const waits = [1, 2, 4, 8, 8, 8, 9];

/**
 * Does the work, and again while AWS says that access is denied; any other failure, and the last one, is thrown.
 * @param work may be done twice
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 */
export function retryWhileDenied<Result>(
  work: () => Promise<Result>,
  wait: (seconds: number) => Promise<void>,
): Promise<Result> {
  return retryWhile(work, { passes: isDenied, waits, wait });
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && ['AccessDenied', 'AccessDeniedException'].includes(error.name);
}
