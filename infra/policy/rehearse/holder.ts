// Whose token is rehearsed: what of its claims its holder has no choice of. Pure.

/** Somebody who wants to get in; claims are addressed by path. */
export interface Holder {
  /** What its token has at once; undefined: it lacks the claim. */
  readonly has: Readonly<Record<string, unknown>>;
  /** Whether its token could have this value of a claim. */
  readonly canHave: (path: string, value: unknown) => boolean;
  /** What it would write where a pattern lets it. */
  readonly fillers: readonly string[];
}

/** The one the rule's author means: it has whatever the rule wants. */
export const anyHolder: Holder = { has: {}, canHave: () => true, fillers: ['any'] };
