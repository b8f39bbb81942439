// Scopes: space-delimited, case-sensitive words of NQCHAR (RFC 6749 §3.3). Pure.
import { Refused } from '../denial.ts';

const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Most words in one request; more is no honest request. */
const maxScopes = 100;

/**
 * Parses a `scope` parameter; duplicate words collapse, order stays.
 * @throws Refused `scope` with problem `malformed`
 */
export function parseScope(text: string): readonly string[] {
  const words = text.split(' ');
  if (words.length > maxScopes || !words.every((word) => scopeToken.test(word))) {
    throw new Refused({ kind: 'scope', problem: 'malformed' });
  }
  return [...new Set(words)];
}

/**
 * What is granted: requested ∩ rule ∩ audience, in the rule's order. Without a request, all that rule and audience
 * allow.
 * @throws Refused `scope` with problem `none_granted` when nothing can be given of what was asked for, or of what
 *   the audience has
 */
export function grantedScopes(input: {
  readonly requested: readonly string[] | undefined;
  readonly rule: readonly string[];
  readonly audience: readonly string[];
}): readonly string[] {
  const { requested, rule, audience } = input;
  const allowed = rule.filter((scope) => audience.includes(scope));
  const granted = requested === undefined ? allowed : allowed.filter((scope) => requested.includes(scope));
  const wanted = requested !== undefined || audience.length > 0;
  if (wanted && granted.length === 0) throw new Refused({ kind: 'scope', problem: 'none_granted' });
  return granted;
}
