// How much of what AWS lets an account do the token function may take.
import { PropsError } from '../props-error.ts';
import type { Settings } from './endpoint-function.ts';

/** Of all instances of the token function together. What is more is answered 429, before KMS or STS refuse it. */
export interface ServiceBudget {
  /** Signatures of KMS in a second: 800 by default, four fifths of what an account may make with ECC keys. */
  readonly signatures?: number;
  /** Sessions of STS in a second: 480 by default, four fifths of what an account may begin. */
  readonly sessions?: number;
}

export function budgetSettings({ signatures = 800, sessions = 480 }: ServiceBudget): Settings {
  return { signatureBudget: String(signatures), sessionBudget: String(sessions) };
}

/** @throws PropsError */
export function checkBudget(budget: ServiceBudget): void {
  for (const [name, rate] of Object.entries(budget)) {
    if (!['signatures', 'sessions'].includes(name)) {
      throw new PropsError(`budget is of signatures and sessions, and not of "${name}"`);
    }
    if (!Number.isInteger(rate) || rate < 1) throw new PropsError(`budget: ${name} is a whole number above zero`);
  }
}
