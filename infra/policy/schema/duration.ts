// Durations (`30s 5m 12h 90d`) and rates (`50/s 100/m 1000/h`) as policies write them. Pure.

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A positive duration; six digits keep every sum far from the limits of an integer. */
export const durationPattern = /^[1-9][0-9]{0,5}[smhd]$/;
/** A duration that may be zero. */
export const skewPattern = /^(0|[1-9][0-9]{0,5})[smhd]$/;
export const ratePattern = /^[1-9][0-9]{0,6}\/[smh]$/;

/**
 * Seconds of a duration.
 * @throws RangeError if the text is not one
 */
export function parseDuration(text: string): number {
  if (!skewPattern.test(text)) throw new RangeError(`not a duration: ${text}`);
  return Number(text.slice(0, -1)) * (unitSeconds[text.slice(-1)] ?? 0);
}

/**
 * A rate's number, and the seconds of its unit.
 * @throws RangeError if the text is not one
 */
export function parseRate(text: string): { readonly count: number; readonly seconds: number } {
  if (!ratePattern.test(text)) throw new RangeError(`not a rate: ${text}`);
  return { count: Number.parseInt(text, 10), seconds: unitSeconds[text.slice(-1)] ?? 1 };
}

/** The shortest way to write a number of seconds as a duration. */
export function formatDuration(seconds: number): string {
  const unit = ['d', 'h', 'm'].find((name) => seconds > 0 && seconds % (unitSeconds[name] ?? 1) === 0) ?? 's';
  return `${seconds / (unitSeconds[unit] ?? 1)}${unit}`;
}
