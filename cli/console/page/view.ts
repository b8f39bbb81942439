// What a view of the page is handed. Types alone.
import type { ConsoleState } from '../api.ts';

export interface Visit {
  /** Of `#/decisions/ID?by=jti`: `['ID']`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly state: ConsoleState;
}

/** @throws CallRefused */
export type View = (visit: Visit) => Promise<HTMLElement>;
