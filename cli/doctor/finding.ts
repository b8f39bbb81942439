// What `cambio doctor` has found out about one thing. Pure.
import { printable } from '../printable.ts';

export interface Finding {
  readonly what: string;
  /** `unknown` where it could not be looked at; `found` then says why. */
  readonly state: 'well' | 'wrong' | 'unknown';
  readonly found: string;
  readonly advice?: string | undefined;
}

/** A finding without the name of what was looked at, which the list of checks has. */
export type Found = Omit<Finding, 'what'>;

export const well = (found: string, advice?: string): Found => ({ state: 'well', found, advice });

export const wrong = (found: string, advice?: string): Found => ({ state: 'wrong', found, advice });

export const unknown = (found: string, advice?: string): Found => ({ state: 'unknown', found, advice });

const marks = { well: '✓', wrong: '✗', unknown: '?' } as const;

export function findingText({ what, state, found, advice }: Finding): string {
  const said = state === 'unknown' ? `not looked at: ${found}` : found;
  return `${marks[state]} ${what}: ${printable(said)}\n${advice === undefined ? '' : `    ${printable(advice)}\n`}`;
}
