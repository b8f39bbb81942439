// A token bucket: so many at once, so many a second. Pure but for the clock it is given.

export interface BudgetLimits {
  /** Per second. */
  readonly rate: number;
  /** At once, after a pause. */
  readonly burst: number;
  /** Milliseconds. */
  readonly clock: () => number;
}

/** Takes one from the budget; false when nothing is left. */
export type Budget = () => boolean;

/** A budget that is full at first. A clock that was set back gives nothing and takes nothing. */
export function createBudget({ rate, burst, clock }: BudgetLimits): Budget {
  let left = burst;
  let at = clock();
  return () => {
    const time = clock();
    left = Math.min(burst, left + (Math.max(0, time - at) * rate) / 1_000);
    at = time;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}

/**
 * Grants that an instance makes without counting their calls of KMS and STS with all others: so few that twenty instances stay
 * within the fifth of AWS's quotas that the deployment's budget leaves.
 */
export function uncountedGrants(clock: () => number): Budget {
  return createBudget({ rate: 10, burst: 50, clock });
}
