// Whether somebody gets what a rule grants, deny rules included, and on what that hangs which no token says. Pure.
import { claimAt } from '../../../shared/policy/claims.ts';
import type { DenyRule } from '../../../shared/policy/compiled-policy.ts';
import { conditionVariables } from '../../../shared/policy/when.ts';
import type { Read } from './expression-facts.ts';
import { questionOf, type Rehearsal } from './rehearse.ts';
import { withClaim } from './set-claim.ts';
import { assign, isPossible, keyOf, requestsFor, type Settled, type Slot, type WitnessSearch } from './witness.ts';
import { denialOf, type World } from './world.ts';

/** A request that gets in. */
export interface Admission {
  readonly request: Rehearsal;
  /** What its grant hangs on that is neither the token's nor the rule's to say: `now`, `request.scopes`. */
  readonly undecided: readonly string[];
}

/** What a finding adds where something was left open. */
export function undecidedText({ undecided }: Admission): string {
  return undecided.length === 0 ? '' : `, which ${undecided.join(', ')} decides: not decided here`;
}

/** Changes that are tried to get past deny rules, one after the other. */
const maxEvasions = 2;

/**
 * A request that fits a rule and no deny rule.
 * @param accept what else is asked of it
 */
export function admissionTo(
  world: World,
  search: WitnessSearch,
  accept: (request: Rehearsal) => boolean = () => true,
): Admission | undefined {
  const request = evade(world, search, accept, maxEvasions);
  return request && { request, undecided: undecidedOf(world, search, request) };
}

function evade(
  world: World,
  search: WitnessSearch,
  accept: (request: Rehearsal) => boolean,
  left: number,
): Rehearsal | undefined {
  let refused: { readonly request: Rehearsal; readonly denial: DenyRule } | undefined;
  for (const request of requestsFor(world, search)) {
    const denial = denialOf(world, request, search.target);
    if (!denial && accept(request)) return request;
    if (denial) refused ??= { request, denial };
  }
  if (!refused || left === 0) return undefined;
  for (const settled of otherwise(world, search, refused.denial)) {
    const request = evade(world, { ...search, settled }, accept, left - 1);
    if (request) return request;
  }
  return otherRequests(world, search, refused).find(
    (request) => fitsWhens(world, search, request) && !denialOf(world, request, search.target) && accept(request),
  );
}

/** The search with one claim that the denial reads set to something else. */
function* otherwise(world: World, search: WitnessSearch, denial: DenyRule): Generator<Settled> {
  const { settled = new Map<string, unknown>() } = search;
  const isSettled = ({ variable, path }: Slot) => settled.has(keyOf({ variable, path }));
  for (const slot of slotsOf(world, denial).filter((slot) => !isSettled(slot))) {
    const others = alternatives(world, slot, search, denial).filter((value) => isPossible(slot, value, search));
    for (const value of others) yield new Map([...settled, [keyOf(slot), value]]);
  }
}

/** The request as it could be made of the same token otherwise: by another client, for other scopes, at another time. */
function otherRequests(
  world: World,
  search: WitnessSearch,
  { request, denial: { when = [] } }: { readonly request: Rehearsal; readonly denial: DenyRule },
): readonly Rehearsal[] {
  const reads = when.flatMap(({ expression }) => world.factsOf(expression).reads);
  return reads
    .filter(({ variable }) => variable !== 'claims' && variable !== 'actor')
    .flatMap((read) => changesOf(world, search, request, read));
}

function fitsWhens(world: World, search: WitnessSearch, request: Rehearsal): boolean {
  return (search.rule.when ?? []).every(({ expression }) => holds(world, expression, request, search));
}

/** The claims that a rule reads. */
export function slotsOf(
  world: World,
  { match, actor, when = [] }: Pick<DenyRule, 'match' | 'actor' | 'when'>,
): readonly Slot[] {
  const reads = when.flatMap(({ expression }) => world.factsOf(expression).reads);
  const slots: readonly Slot[] = [
    ...match.map(({ path }) => ({ variable: 'claims', path }) as const),
    ...(actor?.match ?? []).map(({ path }) => ({ variable: 'actor', path }) as const),
    ...reads.filter(({ variable, path }) => (variable === 'claims' || variable === 'actor') && path !== ''),
  ];
  return [...new Map(slots.map((slot) => [keyOf(slot), slot])).values()];
}

function alternatives(
  world: World,
  { variable, path }: Slot,
  { base, rule, subject, actor }: WitnessSearch,
  { when = [] }: DenyRule,
): readonly unknown[] {
  const [token, match, holder] =
    variable === 'actor' ? [base.actor, rule.actor?.match ?? [], actor] : [base.subject, rule.match, subject];
  const now = claimAt(token?.claims ?? {}, path);
  const wanted = match
    .filter((each) => each.path === path)
    .flatMap(({ anyOf }) => anyOf.flatMap((each) => ('equals' in each ? [each.equals] : [])));
  const texts = when.flatMap(({ expression }) => world.factsOf(expression).strings);
  const fillers =
    typeof now === 'number' ? [now + 1] : typeof now === 'boolean' ? [!now] : [...texts, ...holder.fillers];
  const values = [now, ...wanted, ...fillers];
  // What the base has already was tried where the rule does not ask for something else.
  if (wanted.length === 0) values.shift();
  return Array.isArray(now) ? values.map((value) => (Array.isArray(value) ? value : [value])) : values;
}

/** What the conditions of the rule, or of the deny rules, would say otherwise if it were otherwise. */
function undecidedOf(world: World, search: WitnessSearch, request: Rehearsal): readonly string[] {
  const { issuer, claims } = request.subject;
  const opposed = world.denials(issuer, search.target, claims).filter(({ when }) => when !== undefined);
  const undecided = [search.rule, ...opposed].flatMap((rule) =>
    (rule.when ?? []).flatMap(({ expression }) =>
      world.factsOf(expression).reads.filter((read) => isOpen(world, search, read)),
    ),
  );
  const deciding = undecided.filter((read) =>
    changesOf(world, search, request, read).some(
      (other) => !fitsWhens(world, search, other) || denialOf(world, other, search.target) !== undefined,
    ),
  );
  return [...new Set(deciding.map(nameOf))];
}

/** Of claims those that the sample lacks; every claim of an actor. */
function isOpen({ policy }: World, { base }: WitnessSearch, { variable, path }: Read): boolean {
  if (variable !== 'claims') return variable !== 'actor' || base.actor !== undefined;
  if (path === '' || policy.issuers[base.subject.issuer] === undefined) return false;
  return claimAt(base.subject.claims, path) === undefined;
}

function nameOf({ variable, path }: Read): string {
  return path === '' ? variable : `${variable}.${path}`;
}

const decade = 315_360_000;

/** The request with other values of what a condition reads. */
function changesOf(
  world: World,
  { clients = [], base }: WitnessSearch,
  request: Rehearsal,
  read: Read,
): readonly Rehearsal[] {
  const { variable, path } = read;
  if (variable === 'now') return [decade, -decade].map((span) => atAnotherTime(request, span));
  if (variable === 'client')
    return ['', ...clients, ...Object.keys(world.policy.clients).slice(0, 2)].map((client) => ({ ...request, client }));
  if (variable === 'request')
    return path === 'scopes' ? [[], ['any']].map((scope) => ({ ...request, scope })) : targetForms(request, base);
  return [assign(request, { variable, path }, undefined), assign(request, { variable, path }, 'any')];
}

/** A token made at another time has other times. */
function atAnotherTime({ subject, now, ...request }: Rehearsal, span: number): Rehearsal {
  const times = Object.entries(subject.claims).filter(
    ([, value]) => typeof value === 'number' && Math.abs(value - now) < decade,
  );
  const claims = times.reduce((moved, [name, value]) => withClaim(moved, name, Number(value) + span), subject.claims);
  return { ...request, subject: { ...subject, claims }, now: now + span };
}

function targetForms(request: Rehearsal, { audiences, resources }: Rehearsal): readonly Rehearsal[] {
  return [
    { ...request, audiences: [], resources: [...resources, ...audiences] },
    { ...request, audiences: [...audiences, ...resources], resources: [] },
  ];
}

function holds(
  { policy, evaluate }: World,
  expression: string,
  request: Rehearsal,
  { target }: WitnessSearch,
): boolean {
  const result = evaluate(expression, conditionVariables(questionOf(request, { name: target }, policy)));
  return result.ok && result.value;
}
