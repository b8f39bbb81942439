// Whether a rule surely takes whatever another takes, read from the two alone. What is not sure is not said. Pure.

import type { ActorMatch, ClaimMatch, PolicyRule, WantedValue } from '../../../shared/policy/compiled-policy.ts';
import { matchesGlob } from '../../../shared/policy/glob.ts';
import { mayUse } from '../../../shared/policy/tenant.ts';

/** Whether every request that fits `narrow` fits `wide`: issuer, client, actor, match and conditions. */
export function coversRule(wide: PolicyRule, narrow: PolicyRule): boolean {
  return (
    wide.from === narrow.from &&
    coversClients(wide, narrow) &&
    coversActors(wide, narrow) &&
    coversConditions(wide, narrow) &&
    coversMatch(wide.match, narrow.match)
  );
}

function coversClients(rule: PolicyRule, { client: narrow, id }: PolicyRule): boolean {
  const { client: wide } = rule;
  const isOpen = (name: string): boolean => 'deny' in rule || mayUse(name, rule);
  if (wide === undefined || wide === 'any') {
    if (narrow === undefined) return wide === undefined && isOpen(id);
    return narrow === 'any' ? isOpen(id) : narrow.every(isOpen);
  }
  return narrow !== undefined && narrow !== 'any' && narrow.every((name) => wide.includes(name));
}

/** An allow rule without `actor` takes only requests without one; a deny rule without takes them all. */
function coversActors(wide: PolicyRule, { actor: narrow }: PolicyRule): boolean {
  if (wide.actor === undefined) return narrow === undefined || 'deny' in wide;
  return narrow !== undefined && coversActor(wide.actor, narrow);
}

function coversActor(wide: ActorMatch, narrow: ActorMatch): boolean {
  return wide.from === narrow.from && coversMatch(wide.match, narrow.match);
}

function coversConditions({ when: wide = [] }: PolicyRule, { when: narrow = [] }: PolicyRule): boolean {
  return wide.every(({ expression }) => narrow.some((other) => coversExpression(expression, other.expression)));
}

/** One comparison of something with a number: `now - claims.auth_time < 300`. */
const bounded = /^([^<>=!&|?]+?)\s*([<>]=?)\s*(\d{1,15})$/;

/** The same expression, or the same but for a bound that is as wide or wider. */
function coversExpression(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  const [, what, operator, bound] = bounded.exec(wide.trim()) ?? [];
  const [, other, same, closer] = bounded.exec(narrow.trim()) ?? [];
  if (what === undefined || what !== other || operator !== same) return false;
  return operator?.startsWith('<') ? Number(bound) >= Number(closer) : Number(bound) <= Number(closer);
}

/** Whether claims that fit `narrow` fit `wide`. */
export function coversMatch(wide: readonly ClaimMatch[], narrow: readonly ClaimMatch[]): boolean {
  return wide.every((wanted) => narrow.some((other) => coversClaim(wanted, other)));
}

function coversClaim(wide: ClaimMatch, narrow: ClaimMatch): boolean {
  if (wide.path !== narrow.path || wide.type !== narrow.type || wide.open !== narrow.open) return false;
  return narrow.anyOf.every((value) => wide.anyOf.some((pattern) => includes(pattern, value)));
}

/** What `**` may stand for, with more boundaries than any pattern writes out. */
const anything: readonly string[] = ['', '\u0001', ':/', '/:', '\u0001:\u0001/\u0001', '/:\u0001'.repeat(64)];

/** Whether a pattern takes all that another takes. A star is a text that only a star of the wider pattern takes. */
export function includes(pattern: WantedValue, value: WantedValue): boolean {
  if ('equals' in value) {
    if ('equals' in pattern) return pattern.equals === value.equals;
    return typeof value.equals === 'string' && matchesGlob(pattern.glob, value.equals);
  }
  if ('equals' in pattern) return false;
  const { glob } = value;
  return pattern.glob === glob || anything.every((text) => matchesGlob(pattern.glob, standIn(glob, text)));
}

function standIn(glob: string, anyText: string): string {
  return glob
    .split('**')
    .map((part) => part.replaceAll('*', '\u0001'))
    .join(anyText);
}

/** Whether no request surely fits both: they write out other values of one claim that has one value. */
export function areDisjoint({ match: one }: PolicyRule, { match: other }: PolicyRule): boolean {
  return one.some((wanted) =>
    other.some(
      (each) => each.path === wanted.path && each.type === wanted.type && isSingle(wanted) && !overlap(wanted, each),
    ),
  );
}

function isSingle({ type, open, path }: ClaimMatch): boolean {
  return type !== 'list' && open !== true && path !== 'aud';
}

function overlap({ anyOf: one }: ClaimMatch, { anyOf: other }: ClaimMatch): boolean {
  return one.some((a) => other.some((b) => ('glob' in a && 'glob' in b) || includes(a, b) || includes(b, a)));
}
