// SHA-256 of each of some values: CloudFormation itself cannot tell whether a value it fills in became another. Pure.
import { createHash } from 'node:crypto';

/**
 * The digest (hex) of each value, by the value's name.
 * @param values the template's names and what CloudFormation filled in
 * @throws TypeError when `values` has another shape
 */
export function digestsOf(values: unknown): Readonly<Record<string, string>> {
  if (typeof values !== 'object' || values === null) throw new TypeError('Values must be an object of strings');
  return Object.fromEntries(
    Object.entries(values).map(([name, value]: [string, unknown]) => {
      if (typeof value !== 'string') throw new TypeError('Values must be an object of strings');
      return [name, createHash('sha256').update(value).digest('hex')];
    }),
  );
}
