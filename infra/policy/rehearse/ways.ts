// Ways to a target, each with a witness: a foreign token, and every exchange from it, granted by the whole policy. Pure.

import { type Claims, claimAt } from '../../../shared/policy/claims.ts';
import type { ClaimMatch } from '../../../shared/policy/compiled-policy.ts';
import type { Presented } from '../../../shared/policy/question.ts';
import { clientNamedBy, isOwnIssuer, mayUse, tenantOf } from '../../../shared/policy/tenant.ts';
import { admissionTo } from './admission.ts';
import { anyHolder, type Holder } from './holder.ts';
import { ownToken, presentedOwn } from './own-token.ts';
import type { RulePath } from './paths.ts';
import type { Rehearsal, Rehearsed } from './rehearse.ts';
import { originOf, unwrap, wishBefore } from './trace-back.ts';
import { concreteValues, keyOf, type Settled, type Slot, tokenOf, type WitnessSearch } from './witness.ts';
import { type Allow, createJudge, createWorld, type Judge, targetOf, type World } from './world.ts';

/** One exchange of a way. */
export interface Hop {
  readonly rule: Allow;
  readonly request: Rehearsal;
  readonly granted: Extract<Rehearsed, { readonly outcome: 'granted' }>;
}

export interface Way {
  readonly hops: readonly Hop[];
  /** Conditions nobody could be found to satisfy, nor shown that nobody can: `rule "a": fresh login`. */
  readonly undecided: readonly string[];
}

export type FindWay = (path: RulePath, settled?: Settled) => Way | undefined;

/** Combinations of values that are tried for one path. */
const maxTries = 150;

/**
 * Prepares a policy.
 * @param order in which order clients are tried for a rule
 */
export function createWays(plain: World, order: World['clientOrder'] = undefined): FindWay {
  const world = { ...plain, ...(order && { clientOrder: order }) };
  const judge = createJudge(world);
  return (path, settled) => {
    const hops = walk(world, path, judge, settled);
    if (hops) return { hops, undecided: [] };
    const undecided = path.flatMap(({ id, when = [] }) =>
      when.map(({ name }) => `rule ${JSON.stringify(id)}: ${name}`),
    );
    if (undecided.length === 0) return undefined;
    return undecidedWay(world, path, undecided, settled);
  };
}

/** The way as far as it can be gone without the conditions: where even so nobody gets in, there is none. */
function undecidedWay(world: World, path: RulePath, undecided: readonly string[], settled?: Settled): Way | undefined {
  const bare = path.map(({ when: _, ...rule }) => rule) as unknown as RulePath;
  const withoutWhen = new Map<unknown, Allow>(path.map((rule, index) => [rule, bare[index] ?? rule]));
  const rules = world.policy.rules.map((rule) => withoutWhen.get(rule) ?? rule);
  const policy = { ...world.policy, rules };
  const unconditional = {
    ...createWorld(policy, world.now),
    ...(world.clientOrder && { clientOrder: world.clientOrder }),
  };
  const hops = walk(unconditional, bare, createJudge(unconditional), settled);
  return hops && { hops, undecided };
}

function walk(world: World, path: RulePath, judge: Judge, settled: Settled = new Map()): readonly Hop[] | undefined {
  const [first] = path;
  const wishes = wishesAlong(world, path);
  for (const client of clientsOf(first, world, wishes.clients[0])) {
    for (const aud of audiencesFor(first, client, world)) {
      const search = searchFor(world, first, { client, aud, further: wishes.further });
      const found = firstOf(variations(world, path, search, settled), (tried) => {
        let hops: readonly Hop[] | undefined;
        admissionTo(world, { ...search, settled: tried }, (request) => {
          const asked = { ...request, ...(wishes.scopes[0] && { scope: wishes.scopes[0] }) };
          hops = follow(world, path, asked, judge, wishes);
          return hops !== undefined;
        });
        return hops;
      });
      if (found) return found;
    }
  }
  return undefined;
}

function firstOf<T, R>(items: Iterable<T>, find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Wishes {
  /** Of the foreign token's claims, for later hops. */
  readonly further: readonly ClaimMatch[];
  /** By hop: what the client's name must be, and which scopes must be asked for. */
  readonly clients: readonly (ClaimMatch | undefined)[];
  readonly scopes: readonly (readonly string[] | undefined)[];
}

/** What each hop wants of the tokens before it. */
function wishesAlong(world: World, path: RulePath): Wishes {
  const clients: (ClaimMatch | undefined)[] = path.map(() => undefined);
  const scopes: (readonly string[] | undefined)[] = path.map(() => undefined);
  let wishes: readonly ClaimMatch[] = [];
  for (let hop = path.length - 1; hop > 0; hop -= 1) {
    const rule = path[hop] as Allow;
    const before = path[hop - 1] as Allow;
    const wanted = [...rule.match, ...wishes];
    clients[hop - 1] = wanted.find(({ path: claim }) => claim === 'client_id');
    const scope = wanted.find(({ path: claim }) => claim === 'scope')?.anyOf[0];
    scopes[hop - 1] = scope && 'equals' in scope ? String(scope.equals).split(' ') : undefined;
    wishes = wanted.flatMap((wish) => wishBefore(world, before, wish) ?? []);
  }
  return { further: wishes, clients, scopes };
}

/** Clients that can present what the rule is about, with a name that a later hop wants. */
function clientsOf(rule: Allow, { policy, clientOrder }: World, wish?: ClaimMatch): readonly string[] {
  const { client, from } = rule;
  const known = Object.keys(policy.clients);
  const open = known.filter((name) => mayUse(name, rule));
  const named = client === undefined ? ['', ...open] : client === 'any' ? open : client;
  const callers = clientOrder ? clientOrder(rule, named) : named;
  if (!wish) return callers.slice(0, maxClients);
  const wanted = [...concreteValues(wish, undefined, anyHolder)];
  const fitting = callers.filter((name) => wanted.includes(name === '' ? from : name));
  return (fitting.length > 0 ? fitting : callers).slice(0, maxClients);
}

/** Clients that are tried for one hop. */
const maxClients = 8;

/** An `aud` that is the name of a client binds the token to that client. */
function audiencesFor({ from }: Allow, client: string, { policy }: World): readonly (string | undefined)[] {
  const audiences = policy.issuers[from]?.audiences ?? [];
  const owner = (aud: string): string => clientNamedBy(aud, from);
  const free = audiences.filter((aud) => !Object.hasOwn(policy.clients, owner(aud)));
  const usable = client === '' ? free : [...audiences.filter((aud) => owner(aud) === client), ...free];
  return usable.length === audiences.length && audiences.length === 1 ? [undefined] : usable;
}

interface Asking {
  readonly client: string;
  readonly aud?: string | undefined;
  readonly further?: readonly ClaimMatch[];
  /** Our own token, at later hops. */
  readonly own?: Claims;
}

function searchFor(world: World, rule: Allow, { client, aud, further = [], own }: Asking): WitnessSearch {
  const target = targetOf(rule);
  const subject = own ? presentedOwn(own) : withAudience(tokenOf(world, rule.from, anyHolder), aud);
  const asked = { audiences: [target], resources: [], scope: undefined, now: world.now };
  return {
    base: { subject, actor: rule.actor && actorToken(world, rule.actor.from), client, ...asked },
    ...{ rule, target, further },
    subject: own ? holderOf(own) : anyHolder,
    actor: anyHolder,
  };
}

function withAudience({ issuer, claims }: Presented, aud: string | undefined): Presented {
  if (aud === undefined) return { issuer, claims };
  return { issuer, claims: { ...claims, aud: Array.isArray(claims['aud']) ? [aud] : aud } };
}

/** Of our own tokens, one that somebody has who is nobody else, for an audience of the tenant whose subject it is of. */
function actorToken(world: World, from: string): Presented {
  const now = world.now;
  if (!isOwnIssuer(from)) return tokenOf(world, from, anyHolder);
  const tenant = tenantOf(from);
  const known = Object.values(world.policy.audiences).filter(({ format }) => format !== 'reference');
  const audience = known.find(({ name }) => tenantOf(name) === tenant) ?? known[0];
  const aud = audience?.resource ?? audience?.name;
  return presentedOwn({ sub: 'somebody', aud, ...(tenant !== '' && { tenant }), iat: now, exp: now + 300 });
}

/** What was issued is as it is. */
function holderOf(own: Claims): Holder {
  const text = (value: unknown) => JSON.stringify(value);
  return {
    has: own,
    canHave: (path, value) => text(value) === text(claimAt(own, path)),
    fillers: [],
  };
}

/** The hops from a request for the first, each granted by its rule and not another. */
function follow(
  world: World,
  path: RulePath,
  request: Rehearsal,
  judge: Judge,
  wishes: Wishes,
): readonly Hop[] | undefined {
  const [rule, ...rest] = path;
  const granted = judge(request, rule);
  if (!granted) return undefined;
  const hop: Hop = { rule, request, granted };
  const [next, ...others] = rest;
  if (!next) return [hop];
  const own = ownToken(world, request, rule, granted.scopes);
  if (!own) return undefined;
  const later = { ...wishes, clients: wishes.clients.slice(1), scopes: wishes.scopes.slice(1) };
  return firstOf(clientsOf(next, world, later.clients[0]), (client) => {
    let hops: readonly Hop[] | undefined;
    admissionTo(world, searchFor(world, next, { client, own }), (asked) => {
      const scoped = { ...asked, ...(later.scopes[0] && { scope: later.scopes[0] }) };
      hops = follow(world, [next, ...others], scoped, judge, later);
      return hops !== undefined;
    });
    return hops && [hop, ...hops];
  });
}

/** Nothing, then single values, then pairs of what the rules of a path may tell tokens by. */
function* variations(world: World, path: RulePath, search: WitnessSearch, settled: Settled): Generator<Settled> {
  yield settled;
  const single = [...alternatives(path[0], search), ...comparedLater(world, path)].filter(
    ([slot]) => !settled.has(keyOf(slot)),
  );
  let left = maxTries;
  for (const [slot, value] of single) yield new Map([...settled, [keyOf(slot), value]]);
  for (const [one, first] of single) {
    for (const [other, second] of single) {
      if (keyOf(one) >= keyOf(other)) continue;
      left -= 1;
      if (left < 0) return;
      yield new Map([...settled, [keyOf(one), first], [keyOf(other), second]]);
    }
  }
}

type Alternative = readonly [slot: Slot, value: unknown];

/** The second and later values of every list of `match`. */
function alternatives({ match, actor }: Allow, { base }: WitnessSearch): readonly Alternative[] {
  const of = (matches: readonly ClaimMatch[], variable: 'claims' | 'actor', claims: Claims) =>
    matches.flatMap((each) =>
      [...concreteValues(each, claimAt(claims, each.path), anyHolder)]
        .slice(1, maxAlternatives)
        .map((value): Alternative => [{ variable, path: each.path }, value]),
    );
  return [...of(match, 'claims', base.subject.claims), ...of(actor?.match ?? [], 'actor', base.actor?.claims ?? {})];
}

const maxAlternatives = 8;

/** What the conditions of later hops compare claims with that come from the foreign token. */
function comparedLater(world: World, path: RulePath): readonly Alternative[] {
  return path.slice(1).flatMap((rule, index) =>
    (rule.when ?? []).flatMap(({ expression }) => {
      const { reads, strings, numbers } = world.factsOf(expression);
      const claims = reads.filter(({ variable, path: claim }) => variable === 'claims' && claim !== '');
      return claims.flatMap(({ path: claim }) =>
        [...strings, ...numbers].flatMap((value) => traced(world, path, index, claim, value)),
      );
    }),
  );
}

/** A value of a claim of the token after a hop, said of the foreign token. */
function traced(world: World, path: RulePath, hop: number, claim: string, value: unknown): readonly Alternative[] {
  const origin = originOf(world, path[hop] as Allow, claim);
  if (!origin) return [];
  const inner = origin.whole ? value : unwrap(String(value), origin.before, origin.after);
  if (inner === undefined) return [];
  if (hop === 0) return [[{ variable: 'claims', path: origin.path }, inner]];
  return traced(world, path, hop - 1, origin.path, inner);
}
