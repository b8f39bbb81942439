// Every place of a policy where a token lets somebody in, and what of it is rehearsed. Pure.

import type { ClaimMatch } from '../../../shared/policy/compiled-policy.ts';
import { mayUse } from '../../../shared/policy/tenant.ts';
import { anyHolder, type Holder } from '../rehearse/holder.ts';
import { tokenOf, type WitnessSearch } from '../rehearse/witness.ts';
import { type Allow, targetOf, type World } from '../rehearse/world.ts';
import { byName, type Entry, type MergedPolicy } from '../schema/merge.ts';
import type { IssuerEntry, MatchEntry } from '../schema/schema.ts';
import { below, type Place } from '../source/place.ts';

export interface Entrance {
  /** What is let in, for messages: `rule "a"`. */
  readonly what: string;
  readonly issuer: Entry<IssuerEntry>;
  readonly match: MatchEntry;
  /** Expressions that see the token. */
  readonly whens: readonly string[];
  readonly role: 'claims' | 'actor';
  /** Where the match is, or would be. */
  readonly place: Place;
  /** What a token of this holder would have to get past. */
  readonly search: (holder: Holder) => WitnessSearch;
}

/** Subjects and actors of allow rules, and federated clients. */
export function entrancesOf(policy: MergedPolicy, world: World): readonly Entrance[] {
  const issuers = byName(policy.issuers);
  return [
    ...policy.rules.flatMap((entry, index) => ofRule(entry, world.policy.rules[index], issuers, world)),
    ...policy.clients.flatMap((entry) => ofClient(entry, issuers, world)),
  ];
}

type Issuers = ReadonlyMap<string, Entry<IssuerEntry>>;

function ofRule(
  { name, value, place }: MergedPolicy['rules'][number],
  rule: World['policy']['rules'][number] | undefined,
  issuers: Issuers,
  world: World,
): readonly Entrance[] {
  if (rule === undefined || 'deny' in rule) return [];
  const what = `rule ${JSON.stringify(name)}`;
  const whens = Object.values(value.when ?? {});
  const subject = issuers.get(value.from);
  const actor = issuers.get(value.actor?.from ?? '');
  return [
    ...(subject
      ? [
          {
            ...{ what, issuer: subject, match: value.match ?? {}, whens, role: 'claims' as const },
            place: below(place, 'match'),
            search: (holder: Holder) => searchOf(world, rule, holder, anyHolder),
          },
        ]
      : []),
    ...(actor
      ? [
          {
            ...{ what, issuer: actor, match: value.actor?.match ?? {}, whens, role: 'actor' as const },
            place: below(place, 'actor', 'match'),
            search: (holder: Holder) => searchOf(world, rule, anyHolder, holder),
          },
        ]
      : []),
  ];
}

function searchOf(world: World, rule: Allow, subject: Holder, actor: Holder): WitnessSearch {
  const target = targetOf(rule);
  const clients = clientsOf(rule, world);
  return {
    base: {
      subject: tokenOf(world, rule.from, subject),
      actor: rule.actor && tokenOf(world, rule.actor.from, actor),
      client: clients[0] ?? '',
      audiences: [target],
      resources: [],
      scope: undefined,
      now: world.now,
    },
    ...{ rule, target, subject, actor, clients },
  };
}

function clientsOf(rule: Allow, { policy }: World): readonly string[] {
  const { client } = rule;
  if (client === undefined) return [''];
  if (client !== 'any') return client;
  return Object.keys(policy.clients)
    .filter((name) => mayUse(name, rule))
    .slice(0, 1);
}

function ofClient(
  { name, value: { auth }, place }: MergedPolicy['clients'][number],
  issuers: Issuers,
  world: World,
): readonly Entrance[] {
  const compiled = world.policy.clients[name]?.auth;
  const issuer = issuers.get(auth.federated?.issuer ?? '');
  if (issuer === undefined || compiled?.method !== 'federated') return [];
  return [
    {
      ...{ what: `client ${JSON.stringify(name)}`, issuer, match: auth.federated?.match ?? {}, whens: [] },
      role: 'claims',
      place: below(place, 'auth', 'federated', 'match'),
      search: (holder) => assertionSearch(world, issuer.name, compiled.match, holder),
    },
  ];
}

/** A token that authenticates a client: no rule is about it. */
function assertionSearch(world: World, issuer: string, match: readonly ClaimMatch[], holder: Holder): WitnessSearch {
  const base = { subject: tokenOf(world, issuer, holder), client: '', audiences: [], resources: [] };
  return {
    base: { ...base, scope: undefined, now: world.now },
    rule: { match },
    target: '',
    subject: holder,
    actor: anyHolder,
  };
}

/** The values that a match wants of a claim, as text; none where it does not mention it. */
export function wantedOf(match: MatchEntry, path: string): readonly string[] {
  const wanted = Object.hasOwn(match, path) ? match[path] : undefined;
  return wanted === undefined ? [] : [wanted].flat().map(String);
}

/** Whether a match mentions a claim and every value it allows is as it should be. */
export function binds(match: MatchEntry, path: string, suits: (value: string) => boolean): boolean {
  const wanted = wantedOf(match, path);
  return wanted.length > 0 && wanted.every(suits);
}
