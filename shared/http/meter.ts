// What a request is measured by: its time, that of its phases, and how it ended. Pure but for the clock.
import type { ErrorClass, Measured } from '../metrics.ts';
import type { Phase, WatchPhase } from '../oauth/decision/phase.ts';
import { type Reason, Refused, type TokenReason } from '../oauth/denial.ts';
import { oauthError } from '../oauth/oauth-error.ts';

/** Times one request. */
export interface Meter {
  readonly watch: WatchPhase;
  /** Milliseconds so far, of the whole and of the phases that ended well. */
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
        if (work instanceof Promise) work.then(end, () => {});
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

/** Of an exception: its class, the dependency that failed, and what attackers cause. */
export function measuredFailure(error: unknown): Measured {
  const denial = error instanceof Refused ? error.denial : undefined;
  const reason = denial && oauthError(denial).reason;
  // An issuer's failure is counted where its answer failed: in a line of its own, whether or not the old keys served.
  const failed = denial?.kind === 'unavailable' && denial.dependency !== 'issuer' ? denial.dependency : undefined;
  return {
    errors: 1,
    class: reason === undefined ? 'fault' : classOf(reason),
    ...(failed !== undefined && { dependency_errors: 1, dependency: failed }),
    ...suspicious(reason),
  };
}

/** A token that nobody signed, or that was used before: counted whatever came of it. */
export function suspicious(reason: Reason | undefined): Measured {
  return reason === 'signature' || reason === 'replayed' ? { [reason]: 1 } : {};
}

const reasonsOf = {
  fault: ['unavailable'],
  throttled: ['quota'],
  input: ['malformed', 'size'],
  client: ['client'],
  policy: ['no_rule', 'denied', 'scope', 'target', 'tags', 'sts', 'suspended'],
} as const satisfies Partial<Record<ErrorClass, readonly Reason[]>>;

type Listed = (typeof reasonsOf)[keyof typeof reasonsOf][number];

/** What is in no list is wrong with a token: of another reason this does not compile. */
function classOf(reason: Listed | Exclude<TokenReason, Listed>): ErrorClass {
  const found = Object.entries(reasonsOf).find(([, reasons]) => (reasons as readonly Reason[]).includes(reason));
  return found ? (found[0] as ErrorClass) : 'token';
}
