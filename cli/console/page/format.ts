// Values as they are shown. Pure.

/** A value of a claim, as JSON; long ones are cut. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= 300 ? text : `${text.slice(0, 299)}…`;
}

/** @param at epoch seconds */
export function timeOf(at: unknown): string {
  if (typeof at !== 'number') return 'unknown time';
  return new Date(at * 1_000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** @param at epoch seconds */
export function momentOf(at: unknown): string {
  if (typeof at !== 'number') return 'unknown time';
  return new Date(at * 1_000).toLocaleString([], { dateStyle: 'medium', timeStyle: 'medium' });
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
