// The task that looks for decisions the audit trail lacks. No I/O of its own.
import { type Span, type Sweeping, sweep, yesterday } from '../../audit/sweep.ts';
import { causesOf } from '../../causes.ts';
import type { WriteLog } from '../log.ts';

/**
 * The Lambda handler: yesterday's decisions, or those of another span that somebody asks for. What was missing is in the trail when it
 * returns, and the log says how much it was.
 */
export function trailSweepTask(sweeping: Sweeping, write: WriteLog): (event: Partial<Span>) => Promise<void> {
  return async ({ since, until }) => {
    try {
      const span = yesterday(sweeping.now());
      const outcome = await sweep({ since: since ?? span.since, until: until ?? span.until }, sweeping);
      const measured = { audit_missing: outcome.missing };
      write(outcome.missing === 0 ? 'info' : 'error', 'audit_sweep', { ...outcome }, measured);
    } catch (error) {
      write('error', 'audit_sweep', { cause: causesOf(error) });
      throw error;
    }
  };
}
