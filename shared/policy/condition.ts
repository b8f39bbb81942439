// A condition of a rule as evaluated: one line of a decision's trace. Pure.

/** `got` is undefined when what was looked at is missing. */
export interface Condition {
  /** A claim's path, `actor.<path>`, `client`, `actor` (its issuer), or the name of a `when`. */
  readonly name: string;
  readonly wanted: readonly (string | number | boolean)[];
  readonly got: unknown;
  readonly matched: boolean;
  /** Why it came close, or what went wrong; for people. Never holds a claim's value. */
  readonly hint?: string;
}
