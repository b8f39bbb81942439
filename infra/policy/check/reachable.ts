// Rules that can never decide anything: an earlier rule, or a deny rule, takes all they match. Pure.
import { includes } from '../rehearse/covers.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { MatchEntry, RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, locationOf } from '../source/place.ts';
import { type Candidates, shadowIndex } from './shadow-index.ts';

type Rule = Entry<RuleEntry>;

/** @param candidates which others could take all a rule matches; a test tries them all */
export function checkReachable(
  { rules }: Pick<MergedPolicy, 'rules'>,
  candidates: Candidates = shadowIndex(rules),
): readonly Diagnostic[] {
  return rules.flatMap((rule, position) => {
    for (const at of candidates(rule)) {
      const other = rules[at];
      if (other && shadows(other, rule, at < position)) return [unreachable(rule, other)];
    }
    return [];
  });
}

function unreachable(rule: Rule, shadow: Rule): Diagnostic {
  const verb = shadow.value.deny === undefined ? 'grants' : 'denies';
  const message = `rule ${quote(rule.name)} is unreachable: ${quote(shadow.name)} at ${locationOf(below(shadow.place, 'id'))}`;
  const hint = verb === 'grants' ? 'move it before that rule, narrow that rule, or remove it' : 'narrow one of the two';
  return errorAt(below(rule.place, 'id'), `${message} ${verb} all it matches`, hint);
}

/** Only what is certain. Any deny wins, wherever it stands; a rule with a condition that the other lacks takes less. */
function shadows(other: Rule, rule: Rule, isEarlier: boolean): boolean {
  if (other === rule || rule.value.grant === undefined || other.value.from !== rule.value.from) return false;
  if (!sameTarget(other.value, rule.value, isEarlier)) return false;
  if (!takesClients(other.value, rule.value) || !takesActors(other.value, rule.value)) return false;
  const conditions = Object.values(rule.value.when ?? {});
  if (!Object.values(other.value.when ?? {}).every((condition) => conditions.includes(condition))) return false;
  return covers(other.value.match ?? {}, rule.value.match ?? {});
}

function takesClients({ client: wide }: RuleEntry, { client: narrow }: RuleEntry): boolean {
  if (wide === undefined) return true;
  if (narrow === undefined) return false;
  return wide === 'any' || [narrow].flat().every((client) => [wide].flat().includes(client));
}

/** An allow rule without `actor` takes only requests without one; a deny rule without takes them all. */
function takesActors({ actor: wide, deny }: RuleEntry, { actor: narrow }: RuleEntry): boolean {
  if (wide === undefined) return narrow === undefined || deny !== undefined;
  if (narrow === undefined || wide.from !== narrow.from) return false;
  if ((wide.maxDepth ?? 3) < (narrow.maxDepth ?? 3)) return false;
  return covers(wide.match ?? {}, narrow.match ?? {});
}

function sameTarget({ grant, deny }: RuleEntry, { grant: target }: RuleEntry, isEarlier: boolean): boolean {
  if (deny === true) return true;
  const taken = deny ?? (isEarlier ? grant : undefined);
  if (taken === undefined) return false;
  return taken.audience === target?.audience && taken.role === target?.role;
}

/** Whether whatever fits `narrow` fits `wide`: every condition of `wide` is met by all values that `narrow` allows. */
function covers(wide: MatchEntry, narrow: MatchEntry): boolean {
  return Object.entries(wide).every(([path, wanted]) => {
    const allowed = Object.hasOwn(narrow, path) ? narrow[path] : undefined;
    if (allowed === undefined) return false;
    return [allowed].flat().every((value) => [wanted].flat().some((pattern) => takes(pattern, value)));
  });
}

function takes(pattern: string | number | boolean, value: string | number | boolean): boolean {
  if (pattern === value) return true;
  if (typeof pattern !== 'string' || typeof value !== 'string' || !pattern.includes('*')) return false;
  return includes({ glob: pattern }, value.includes('*') ? { glob: value } : { equals: value });
}
