// The task that looks for decisions the audit trail lacks. No I/O of its own.
import { type Span, type Sweeping, sweep, yesterday } from '../../audit/sweep.ts';
import { reportedAs } from '../errors.ts';
import type { WriteLog } from '../log.ts';

/**
 * The Lambda handler: yesterday's decisions, or those of another span that somebody asks for. What was missing is in the trail when it
 * returns, and the log says how much it was.
 */
export function trailSweepTask(sweeping: Sweeping, write: WriteLog): (event: Partial<Span>) => Promise<void> {
  return async ({ since, until }) => {
    const span = yesterday(sweeping.now());
    const asked = { since: since ?? span.since, until: until ?? span.until };
    const outcome = await sweep(asked, sweeping).catch(reportedAs(write, 'audit_sweep'));
    const measured = { audit_missing: outcome.missing };
    write(outcome.missing === 0 ? 'info' : 'error', 'audit_sweep', { ...outcome }, measured);
  };
}
