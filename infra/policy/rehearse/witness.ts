// Finds a request that a rule fits: claims made concrete from `match`, `when` solved by trying what its expressions compare
// with, each try evaluated by the evaluator of the functions. What is found is a proof; what is not found proves nothing. Pure.
import { claimAt, readClaim } from '../../../shared/policy/claims.ts';
import type { ClaimMatch, PolicyRule } from '../../../shared/policy/compiled-policy.ts';
import { matchesGlob } from '../../../shared/policy/glob.ts';
import type { Presented } from '../../../shared/policy/question.ts';
import { conditionVariables } from '../../../shared/policy/when.ts';
import type { ExpressionFacts, Read } from './expression-facts.ts';
import { fitExpression, fitGlob } from './fit-pattern.ts';
import type { Holder } from './holder.ts';
import { questionOf, type Rehearsal } from './rehearse.ts';
import { declaredType, isCarried, sampleToken } from './sample-token.ts';
import { withClaim } from './set-claim.ts';
import type { World } from './world.ts';

/** Something of a request that can be given a value: a claim of one of its tokens, or a part of the request itself. */
export interface Slot {
  readonly variable: Read['variable'];
  readonly path: string;
}

/** Values by the key of their slot. */
export type Settled = ReadonlyMap<string, unknown>;

export interface WitnessSearch {
  /** Fits the rule as far as it is no matter of claims: target, actor, client. */
  readonly base: Rehearsal;
  readonly rule: Pick<PolicyRule, 'match' | 'actor' | 'when'>;
  readonly target: string;
  readonly subject: Holder;
  readonly actor: Holder;
  /** What the claims of the subject must fit besides, for later hops. */
  readonly further?: readonly ClaimMatch[];
  /** Further values worth a try, by slot. */
  readonly hints?: ReadonlyMap<string, readonly unknown[]>;
  readonly settled?: Settled;
  /** Clients that may be tried. */
  readonly clients?: readonly string[];
}

/** Evaluations of one search: what takes more is not found. */
const budget = 300;

export function keyOf({ variable, path }: Slot): string {
  return `${variable}:${path}`;
}

/** Requests that fit the rule's own conditions, one after the other. */
export function* requestsFor(world: World, search: WitnessSearch): Generator<Rehearsal> {
  const { rule, settled = new Map() } = search;
  const whens = (rule.when ?? []).map(({ expression }) => ({ expression, facts: world.factsOf(expression) }));
  const solver = { world, search, facts: whens.map(({ facts }) => facts), left: budget };
  const slots = [...matchedSlots(search), ...[...settled.keys()].map(slotOf)];
  if (slots.some((slot) => isOutOfReach(slot, search))) return;
  let request: Rehearsal | undefined = search.base;
  for (const slot of slots) {
    const first = firstOf(valuesOf(slot, request, solver));
    if (!first) return;
    request = assign(request, slot, first.value);
  }
  yield* solve(whens, request, solver, new Set(settled.keys()));
}

/** Whether the rule writes out what the claim must be, and its holder can have none of it: told before any request is made. */
function isOutOfReach(slot: Slot, search: WitnessSearch): boolean {
  const { canHave } = holderOf(slot, search);
  return wishesOf(slot, search).some(
    ({ anyOf, type, open, path }) =>
      type !== 'list' && !open && anyOf.every((wanted) => 'equals' in wanted && !canHave(path, wanted.equals)),
  );
}

interface Solver {
  readonly world: World;
  readonly search: WitnessSearch;
  readonly facts: readonly ExpressionFacts[];
  /** Evaluations that are left. */
  left: number;
}

interface When {
  readonly expression: string;
  readonly facts: ExpressionFacts;
}

function* solve(
  [first, ...rest]: readonly When[],
  request: Rehearsal,
  solver: Solver,
  assigned: ReadonlySet<string>,
): Generator<Rehearsal> {
  if (!first) return yield request;
  const free = first.facts.reads.map(triedSlot).filter((slot) => !assigned.has(keyOf(slot)));
  for (const tried of assignments(free, request, solver)) {
    if (solver.left <= 0) return;
    solver.left -= 1;
    if (!holds(first.expression, tried, solver)) continue;
    yield* solve(rest, tried, solver, new Set([...assigned, ...free.map(keyOf)]));
  }
}

/** Every combination of values, those first that change least. */
function* assignments([slot, ...rest]: readonly Slot[], request: Rehearsal, solver: Solver): Generator<Rehearsal> {
  if (!slot) return yield request;
  for (const value of distinct(valuesOf(slot, request, solver))) {
    yield* assignments(rest, assign(request, slot, value), solver);
  }
}

function holds(expression: string, request: Rehearsal, { world, search }: Solver): boolean {
  const question = questionOf(request, { name: search.target }, world.policy);
  const result = world.evaluate(expression, conditionVariables(question));
  return result.ok && result.value;
}

/** `request.audiences` and `request.resources` are two ways to name one target. */
function triedSlot({ variable, path }: Read): Slot {
  if (variable !== 'request') return { variable, path };
  return { variable, path: path === 'scopes' ? path : 'target' };
}

function matchedSlots({ rule, further = [] }: WitnessSearch): readonly Slot[] {
  const ofSubject = [...rule.match, ...further].map(({ path }) => ({ variable: 'claims', path }) as const);
  const ofActor = (rule.actor?.match ?? []).map(({ path }) => ({ variable: 'actor', path }) as const);
  return [...new Map([...ofSubject, ...ofActor].map((slot) => [keyOf(slot), slot])).values()];
}

/** A slot by its key. */
function slotOf(key: string): Slot {
  const colon = key.indexOf(':');
  return { variable: key.slice(0, colon) as Slot['variable'], path: key.slice(colon + 1) };
}

/** Undefined of none; a value may be undefined itself. */
function firstOf(values: Iterable<unknown>): { readonly value: unknown } | undefined {
  for (const value of values) return { value };
  return undefined;
}

/** Each value once, by its JSON text. */
function distinct(values: Iterable<unknown>): Iterable<unknown> {
  return new Map([...values].map((value) => [JSON.stringify(value) ?? 'absent', value])).values();
}

/** Values worth a try, in order, some of them repeatedly; each fits what `match` wants of the claim and what its holder can have. */
function valuesOf(slot: Slot, request: Rehearsal, solver: Solver): Iterable<unknown> {
  const { settled, hints } = solver.search;
  const key = keyOf(slot);
  if (settled?.has(key)) {
    const value = settled.get(key);
    return isClaim(slot) && !isPossible(slot, value, solver.search) ? [] : [value];
  }
  if (isClaim(slot)) return claimValues(slot, request, solver);
  return [valueAt(request, slot), ...(hints?.get(key) ?? []), ...ofRequest(slot, request, solver)];
}

function isClaim({ variable, path }: Slot): boolean {
  return (variable === 'claims' || variable === 'actor') && path !== '';
}

function* claimValues(slot: Slot, request: Rehearsal, solver: Solver): Generator<unknown> {
  const wishes = wishesOf(slot, solver.search);
  const now = valueAt(request, slot);
  const { canHave } = holderOf(slot, solver.search);
  const fits = (value: unknown) => canHave(slot.path, value) && wishes.every((wish) => isWanted(wish, value));
  // What the rule does not ask for stays as it is, until that does not do.
  if (wishes.length === 0 && fits(now)) yield now;
  for (const value of triedValues(slot, now, wishes, solver)) if (fits(value)) yield value;
}

function* triedValues(slot: Slot, now: unknown, wishes: readonly ClaimMatch[], solver: Solver): Generator<unknown> {
  const { search, facts } = solver;
  yield* search.hints?.get(keyOf(slot)) ?? [];
  if (wishes.every((wish) => !isExact(wish))) yield now;
  const reading = facts.filter(({ reads }) => reads.some((read) => keyOf(read) === keyOf(slot)));
  const strings = reading.flatMap((each) => each.strings);
  const holder = holderOf(slot, search);
  const lists: (readonly unknown[])[] = [];
  for (const wish of wishes) {
    for (const value of concreteValues(wish, now, { ...holder, fillers: fillersFor(strings, holder) })) {
      if (Array.isArray(value)) lists.push(value);
      yield value;
    }
  }
  // Of several wishes for one list, a list that fits them all, and then also what every condition looks for in it.
  if (lists.length > 1) yield [...new Set(lists.flat())];
  const isList = strings.length > 0 && typeAt(slot, now, solver) === 'list';
  if (isList && lists.length + strings.length > 1) yield [...new Set([...lists.flat(), ...strings])];
  for (const each of reading) yield* comparedValues(slot, each, now, solver);
  if (wishes.length === 0 && mayBeMissing(slot, solver)) yield undefined;
  yield now;
}

/** What conditions look for may begin, end or be what a star stands for. */
function fillersFor(strings: readonly string[], { fillers }: Holder): readonly string[] {
  const [filler = ''] = fillers;
  const spoken = strings.slice(0, 2).flatMap((text) => [`${text}${filler}`, `${filler}${text}`, text]);
  // The last fills the stars of which there are too many to try.
  return spoken.length === 0 ? fillers : [...fillers, ...spoken, ...fillers.slice(-1)];
}

/** Our own tokens have what their grants gave them. */
function mayBeMissing({ variable, path }: Slot, { world, search }: Solver): boolean {
  const token = variable === 'actor' ? search.base.actor : search.base.subject;
  const issuer = world.policy.issuers[token?.issuer ?? ''];
  const isThere = claimAt(token?.claims ?? {}, path) !== undefined;
  return issuer !== undefined && path !== '' && !(isThere && isCarried(issuer, path));
}

/** Whether a claim can have a value, after its holder and the rule's match. */
export function isPossible(slot: Slot, value: unknown, search: WitnessSearch): boolean {
  return (
    holderOf(slot, search).canHave(slot.path, value) && wishesOf(slot, search).every((wish) => isWanted(wish, value))
  );
}

function holderOf({ variable }: Slot, { subject, actor }: WitnessSearch): Holder {
  return variable === 'actor' ? actor : subject;
}

function wishesOf({ variable, path }: Slot, { rule, further = [] }: WitnessSearch): readonly ClaimMatch[] {
  const matches = variable === 'actor' ? (rule.actor?.match ?? []) : [...rule.match, ...further];
  return matches.filter((match) => match.path === path);
}

/** Whether a value of a claim is what a match wants. */
export function isWanted(match: ClaimMatch, value: unknown): boolean {
  const { scalars } = readClaim({ [match.path]: value }, match);
  return scalars.some((scalar) =>
    match.anyOf.some((wanted) =>
      'equals' in wanted ? wanted.equals === scalar : typeof scalar === 'string' && matchesGlob(wanted.glob, scalar),
    ),
  );
}

function isExact({ anyOf }: ClaimMatch): boolean {
  return anyOf.every((wanted) => 'equals' in wanted);
}

/** Values of the claim's type that a match wants and its holder can have, one that is written out in any case; lists have one element. */
export function* concreteValues(
  { anyOf, type, path }: ClaimMatch,
  near: unknown,
  { canHave, fillers }: Holder,
): Generator<unknown> {
  const like = [near].flat().find((each) => typeof each === 'string');
  const isList = type === 'list' && path !== 'aud';
  if (isList && Array.isArray(near)) yield near;
  const suits = (text: string) => canHave(path, isList ? [text] : text);
  for (const wanted of anyOf) {
    const scalars = 'equals' in wanted ? [wanted.equals] : fitGlob(wanted.glob, like, { fillers, suits });
    for (const scalar of scalars) yield isList ? [scalar] : scalar;
  }
}

/** What an expression may compare a claim with. */
function comparedValues(slot: Slot, facts: ExpressionFacts, value: unknown, solver: Solver): readonly unknown[] {
  const { strings, numbers, patterns } = facts;
  const { fillers } = holderOf(slot, solver.search);
  const texts = [
    ...strings,
    ...strings.flatMap((text) => fillers.flatMap((filler) => [`${text}${filler}`, `${filler}${text}`])),
    ...strings.flatMap((text) => fillers.map((filler) => `${filler}${text}${filler}`)),
    ...patterns.flatMap((pattern) => fitExpression(pattern, fillers)),
    ...fillers,
  ];
  const now = solver.search.base.now;
  const near = numbers.flatMap((number) => [number, number + 1, number - 1]);
  const isTime = facts.reads.some(({ variable }) => variable === 'now');
  const times = isTime ? [now, now + 60, now - 60, ...near.flatMap((span) => [now - span, now + span])] : [];
  const integers = [...times, ...near];
  const type = typeAt(slot, value, solver);
  if (type === 'string') return texts;
  if (type === 'int') return integers;
  if (type === 'bool') return [true, false];
  const lists = [...(strings.length > 1 ? [strings] : []), ...texts.map((text) => [text]), []];
  if (type === 'list') return lists;
  return type === 'object' ? [] : [...texts, ...integers, true, false, ...lists];
}

function typeAt({ variable, path }: Slot, value: unknown, { world, search }: Solver) {
  const token = variable === 'actor' ? search.base.actor : search.base.subject;
  const issuer = world.policy.issuers[token?.issuer ?? ''];
  const declared = issuer && declaredType(issuer, path);
  if (declared !== undefined && !(path === 'aud' && typeof value === 'string')) return declared;
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return 'int';
  if (typeof value === 'boolean') return 'bool';
  if (value === undefined) return undefined;
  return Array.isArray(value) ? 'list' : 'object';
}

function ofRequest({ variable, path }: Slot, request: Rehearsal, { facts, search, world }: Solver): readonly unknown[] {
  if (variable === 'client') return search.clients ?? [];
  if (variable !== 'request') return [];
  if (path === 'scopes') {
    const texts = facts.flatMap(({ strings }) => strings);
    const scopes = world.policy.audiences[search.target]?.scopes ?? [];
    return [request.scope ?? [], ...texts.map((text) => [text]), texts, scopes, ...scopes.map((scope) => [scope])];
  }
  const { audiences, roles } = world.policy;
  const resource = audiences[search.target]?.resource ?? roles[search.target]?.arn;
  return [[[search.target], []], ...(typeof resource === 'string' ? [[[], [resource]]] : [])];
}

/** What a slot of a request holds. */
export function valueAt(request: Rehearsal, { variable, path }: Slot): unknown {
  if (variable === 'claims') return claimAt(request.subject.claims, path);
  if (variable === 'actor') return claimAt(request.actor?.claims ?? {}, path);
  if (variable === 'client') return request.client;
  if (variable === 'now') return request.now;
  return path === 'scopes' ? request.scope : [request.audiences, request.resources];
}

/** The request with another value. */
export function assign(request: Rehearsal, slot: Slot, value: unknown): Rehearsal {
  const { subject, actor } = request;
  const { variable, path } = slot;
  if (path === '' && (variable === 'claims' || variable === 'actor')) return request;
  switch (variable) {
    case 'claims':
      return { ...request, subject: { ...subject, claims: withClaim(subject.claims, path, value) } };
    case 'actor':
      return actor ? { ...request, actor: { ...actor, claims: withClaim(actor.claims, path, value) } } : request;
    case 'client':
      return { ...request, client: value as string };
    case 'now':
      return { ...request, now: value as number };
    case 'request': {
      if (path === 'scopes') return { ...request, scope: value as readonly string[] | undefined };
      const [audiences, resources] = value as readonly [readonly string[], readonly string[]];
      return { ...request, audiences, resources };
    }
  }
}

const made = new WeakMap<World, Map<string, Map<Holder, Presented>>>();

/** A token of an issuer as its holder has it; of `self`, nothing. Made once. */
export function tokenOf(world: World, name: string, holder: Holder): Presented {
  const ofWorld = made.get(world) ?? new Map<string, Map<Holder, Presented>>();
  made.set(world, ofWorld);
  const ofIssuer = ofWorld.get(name) ?? new Map<Holder, Presented>();
  ofWorld.set(name, ofIssuer);
  const token = ofIssuer.get(holder) ?? makeToken(world, name, holder);
  ofIssuer.set(holder, token);
  return token;
}

function makeToken({ policy, now }: World, name: string, holder: Holder): Presented {
  const issuer = policy.issuers[name];
  const sample = issuer ? sampleToken(issuer, now) : {};
  const claims = Object.entries(holder.has).reduce((having, [path, value]) => withClaim(having, path, value), sample);
  return { issuer: name, claims };
}
