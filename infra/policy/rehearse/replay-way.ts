// The same person in another policy: whether the token of a way, with the clients and actors it had, gets there too. Pure.

import type { Claims } from '../../../shared/policy/claims.ts';
import type { Presented } from '../../../shared/policy/question.ts';
import { isOwnIssuer } from '../../../shared/policy/tenant.ts';
import type { Granted } from './grant-differences.ts';
import { ownToken, presentedOwn } from './own-token.ts';
import { audiencesOf, grantsByTarget } from './paths.ts';
import { createRehearse, type Rehearsal } from './rehearse.ts';
import type { Hop } from './ways.ts';
import { type Allow, targetOf, type World } from './world.ts';

/** What the policy grants for the target of a way; undefined: nothing. */
export type ReplayWay = (hops: readonly Hop[]) => Granted | undefined;

/** Prepares a policy. */
export function createReplay(world: World): ReplayWay {
  const { policy } = world;
  const rehearse = createRehearse(policy);
  const rules = new Map(policy.rules.flatMap((rule) => ('grant' in rule ? [[rule.id, rule] as const] : [])));
  const grant = (request: Rehearsal): Granted | undefined => {
    if (!isKnown(request, world)) return undefined;
    const granted = rehearse(request);
    const rule = granted.outcome === 'granted' ? rules.get(granted.rule) : undefined;
    return rule && granted.outcome === 'granted'
      ? { policy, rule, claims: request.subject.claims, granted }
      : undefined;
  };
  return (hops) => straight(world, hops, grant) ?? roundabout(world, hops, grant);
}

type Grant = (request: Rehearsal) => Granted | undefined;

/** An issuer or client that the policy does not know is nobody. */
function isKnown({ subject, actor, client }: Rehearsal, { policy }: World): boolean {
  const issuers = [subject, ...(actor ? [actor] : [])].map(({ issuer }) => issuer);
  const known = issuers.every((issuer) => isOwnIssuer(issuer) || Object.hasOwn(policy.issuers, issuer));
  return known && (client === '' || Object.hasOwn(policy.clients, client));
}

/** Exchange by exchange. */
function straight(world: World, hops: readonly Hop[], grant: Grant): Granted | undefined {
  let subject: Presented | undefined = hops[0]?.request.subject;
  let last: Granted | undefined;
  for (const { request } of hops) {
    if (!subject) return undefined;
    const asked: Rehearsal = { ...request, subject };
    last = grant(asked);
    if (!last) return undefined;
    subject = presented(ownToken(world, asked, last.rule, last.granted.scopes));
  }
  return last;
}

function presented(claims: Claims | undefined): Presented | undefined {
  return claims && presentedOwn(claims);
}

/** Over other audiences, with the clients and actors of the way. */
function roundabout(world: World, hops: readonly Hop[], grant: Grant): Granted | undefined {
  const last = hops.at(-1);
  const first = hops[0];
  if (!last || !first) return undefined;
  const target = targetOf(last.rule);
  const stops = stopsBefore(world, target);
  const parties = [...hops.map(({ request }) => request), { ...last.request, client: '' }];
  const go = (subject: Presented, visited: readonly string[]): Granted | undefined => {
    for (const stop of [target, ...stops].filter((name) => !visited.includes(name))) {
      for (const party of parties) {
        const asked = { ...party, subject, audiences: [stop], resources: [], scope: undefined };
        const granted = grant(asked);
        if (!granted) continue;
        if (stop === target) return granted;
        const own = presented(ownToken(world, asked, granted.rule, granted.granted.scopes));
        const there = own && go(own, [...visited, stop]);
        if (there) return there;
      }
    }
    return undefined;
  };
  return go(first.request.subject, []);
}

/** Audiences from which the target is reached by rules from self. */
function stopsBefore({ policy }: World, target: string): readonly string[] {
  const stops = new Set<string>();
  const open = [target];
  for (const each of open) {
    const rules: readonly Allow[] = (grantsByTarget(policy).get(each) ?? []).filter(({ from }) => isOwnIssuer(from));
    const found = rules
      .flatMap((rule) => audiencesOf(rule, policy))
      .filter((name) => !stops.has(name) && name !== target);
    for (const name of found) {
      stops.add(name);
      open.push(name);
    }
  }
  return [...stops];
}
