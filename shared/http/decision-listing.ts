// Which decisions enter the list of decisions. Pure but for the clock it is given.
import type { DecisionIndex } from '../config.ts';
import type { EntersList } from '../oauth/decision/decision-list.ts';
import { type Budget, createBudget } from './budget.ts';

/** Refusals of callers who are no client, as many as one instance lists of one issuer: whoever holds a genuine token of a
 * public issuer is a stranger too. The decisions themselves are kept. */
const strangersBudget = { rate: 2, burst: 50 };

/** @param clock milliseconds */
export function createEntersList(index: DecisionIndex, clock: () => number): EntersList {
  // By the names of the policy's issuers: there are so many at most.
  const budgets = new Map<string, Budget>();
  return ({ ending, request, subject }) => {
    if (index === 'none') return false;
    if (ending.outcome === 'granted') return index === 'all';
    if (request?.client !== undefined) return true;
    const issuer = subject?.issuer ?? '';
    const budget = budgets.get(issuer) ?? createBudget({ ...strangersBudget, clock });
    budgets.set(issuer, budget);
    return budget();
  };
}
