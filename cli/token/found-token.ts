// A token to exchange, and what a place where tokens lie is searched with. Types only.
import type { Machine } from '../machine.ts';

export interface FoundToken {
  readonly token: string;
  /** Where it was, for messages. */
  readonly from: string;
}

/** Finds the token anew each time it is called: one that was found an hour ago has expired. */
export type FindToken = () => Promise<FoundToken>;

export interface Search {
  /** The `aud` to ask for, where one can be asked for. */
  readonly audience: () => Promise<string>;
  readonly machine: Machine;
}
