// What a request is measured by: its time, that of its phases, and how it ended. Pure but for the clock.
import type { ErrorClass, Measured } from '../metrics.ts';
import type { Phase, WatchPhase } from '../oauth/decision/phase.ts';
import { type Reason, Refused } from '../oauth/denial.ts';
import { type OAuthError, oauthError } from '../oauth/oauth-error.ts';

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
  return Number(milliseconds.toFixed(1));
}

/** Of an exception: its class, the dependency that failed, and what attackers cause. */
export function measuredFailure(error: unknown): Measured {
  if (!(error instanceof Refused)) return { errors: 1, class: 'fault' };
  const { denial } = error;
  const refusal = oauthError(denial);
  const counted = { errors: 1, class: classOf(refusal), ...suspicious(refusal.reason) } as const;
  // An issuer's failure is counted where its answer failed: in a line of its own, whether or not the old keys served.
  if (denial.kind !== 'unavailable' || denial.dependency === 'issuer') return counted;
  return { ...counted, dependency_errors: 1, dependency: denial.dependency };
}

/** A token that nobody signed, or that was used before: counted whatever came of it. */
export function suspicious(reason: Reason | undefined): Measured {
  return reason === 'signature' || reason === 'replayed' ? { [reason]: 1 } : {};
}

function classOf({ status, error, reason }: OAuthError): ErrorClass {
  if (status > 499) return 'fault';
  if (status === 429) return 'throttled';
  if (error === 'invalid_client' || reason === 'client') return 'client';
  if (error === 'invalid_target' || error === 'invalid_scope') return 'policy';
  return reason === 'malformed' || reason === 'size' ? 'input' : 'token';
}
