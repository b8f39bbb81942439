// Why an expression has no result, in words that hold nothing of a token: the library's own texts may quote claims. Pure.

/** Texts of the library that hold names of types and functions only. */
const harmless = [
  /^found no matching overload for /,
  /^type mismatch: /,
  /^(int|uint|double) (divide|modulus) by zero$/,
  /^u?int overflow during /,
  /^unbound function: /,
  /^too much work$/,
];

/** @param spelled names that the expression itself spells out, which may therefore be repeated */
export function describeError(message: string, spelled: ReadonlySet<string>): string {
  const missing = /^field not found: (.*)$/s.exec(message)?.[1];
  if (missing !== undefined) return spelled.has(missing) ? `missing: ${missing}` : 'something is missing';
  if (/^index .* out of bounds/s.test(message)) return 'an index is out of bounds';
  if (message === 'unresolved attribute') return 'an unknown name, or something is missing';
  return harmless.some((pattern) => pattern.test(message)) ? message : 'the evaluation failed';
}
