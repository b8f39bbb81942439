// What a request is measured by: its time, that of its phases, and how it ended. Pure but for the clock.
import type { Measured } from '../metrics.ts';
import type { Phase, WatchPhase } from '../oauth/decision/phase.ts';
import type { Reason } from '../oauth/denial.ts';

/** Times one request. */
export interface Meter {
  readonly watch: WatchPhase;
  /** Milliseconds so far, of the whole and of the phases that ended. */
  readonly times: () => Measured;
}

/** @param clock milliseconds since some epoch */
export function startMeter(clock: () => number): Meter {
  const start = clock();
  const phases: Partial<Record<Phase, number>> = {};
  return {
    watch: (phase) => {
      const begun = clock();
      const end = (): void => {
        phases[phase] = rounded(clock() - begun);
      };
      return (work) => {
        if (work instanceof Promise) work.then(end, end);
        else end();
        return work;
      };
    },
    times: () => ({ latency: rounded(clock() - start), ...phases }),
  };
}

/** To tenths: more digits are noise, and every byte of a line is paid for. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

/** A token that nobody signed, that was used before, or that came without its key: counted whatever came of it. */
export function suspicious(reason: Reason | undefined): Measured {
  return reason === 'signature' || reason === 'replayed' || reason === 'binding' ? { [reason]: 1 } : {};
}
