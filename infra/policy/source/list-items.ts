// A value that may be one or a list of them, each with its place. Pure.
import { type Diagnostic, quote } from './diagnostic.ts';
import { below, errorAt, type Place } from './place.ts';

export interface Item<T> {
  readonly value: T;
  readonly place: Place;
}

/** One value, or every value of a list, with its own place. */
export function itemsOf<T extends string | number | boolean>(
  value: T | readonly T[],
  place: Place,
): readonly Item<T>[] {
  if (typeof value !== 'object') return [{ value, place }];
  return value.map((item, index) => ({ value: item, place: below(place, index) }));
}

/** Every value that the list already has. */
export function repeatedItems(items: readonly Item<string>[]): readonly Diagnostic[] {
  return items
    .filter(({ value }, index) => items.findIndex((other) => other.value === value) < index)
    .map(({ value, place }) => errorAt(place, `${quote(value)} is listed twice`, 'remove one'));
}
