// A time on the command line. Pure.
import { UsageError } from './usage.ts';

/** @throws UsageError that names the option */
export function epochSeconds(option: string, text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new UsageError(`${option} is seconds since the epoch`);
  return Number(text);
}
