// JSON values as CEL values. Pure and total: names of claims are keys of a Map, so that none means anything.
import { type CelInput, celMap } from '@bufbuild/cel';

/** Integers become int, other numbers double; what is not JSON becomes null. */
export function toCelValue(value: unknown): CelInput {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCelValue);
  return typeof value === 'object' && value !== null ? toCelMap(value) : null;
}

function toCelMap(value: object): CelInput {
  const entries = new Map(Object.entries(value).map(([name, inner]) => [name, toCelValue(inner)]));
  const map = celMap(entries);
  // The library takes a key whose value is null for absent; CEL does not.
  return Object.defineProperty(map, 'has', { value: (key: unknown) => typeof key === 'string' && entries.has(key) });
}
