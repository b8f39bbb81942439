// Every way in to a target, as `cambio policy reach` tells it. Pure.
import type { Claims } from '../../../shared/policy/claims.ts';
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import type { Presented } from '../../../shared/policy/question.ts';
import { pathsTo } from './paths.ts';
import { createWays, type Hop, type Way } from './ways.ts';
import { shownClaims } from './witness-claims.ts';
import { createWorld, targetOf, type World } from './world.ts';

/** One exchange: which rule grants what to whom, to which client. */
export interface ShownHop {
  readonly rule: string;
  readonly client?: string;
  readonly target: string;
  /** Scopes that must be asked for, where not all may be. */
  readonly scope?: string;
  /** Of the token that is presented: at the first hop a foreign one's, then our own. Without times, unless a condition reads them. */
  readonly claims: Claims;
  readonly actor?: { readonly issuer: string; readonly claims: Claims };
}

export interface ShownWay {
  /** Of the foreign token. */
  readonly issuer: string;
  readonly hops: readonly ShownHop[];
  /** Conditions that no claims were found for: whether anybody gets in this way is not known. */
  readonly undecided?: readonly string[];
}

export interface Reach {
  readonly target: string;
  readonly ways: readonly ShownWay[];
  /** There are more paths than were rehearsed. */
  readonly truncated?: true;
}

const mostPaths = 5_000;

/** @param now epoch seconds: conditions that compare with it are satisfied at this moment */
export function reach(policy: PolicyArtifact, target: string, now: number): Reach {
  const world = createWorld(policy, now);
  const findWay = createWays(world);
  const { paths, truncated } = pathsTo(policy, target, mostPaths);
  const ways = paths.flatMap((path) => findWay(path) ?? []);
  return { target, ways: ways.map((way) => showWay(world, way)), ...(truncated && { truncated }) };
}

export function showWay(world: World, { hops, undecided }: Way): ShownWay {
  const issuer = hops[0]?.rule.from ?? '';
  return { issuer, hops: hops.map((hop) => showHop(world, hop)), ...(undecided.length > 0 && { undecided }) };
}

function showHop(world: World, { rule, request }: Hop): ShownHop {
  const { subject, actor, client, scope } = request;
  const shown = (token: Presented, variable: 'claims' | 'actor') =>
    shownClaims(world, rule, token.issuer, token.claims, variable);
  return {
    rule: rule.id,
    ...(client !== '' && { client }),
    target: targetOf(rule),
    ...(scope !== undefined && scope.length > 0 && { scope: scope.join(' ') }),
    claims: shown(subject, 'claims'),
    ...(actor && { actor: { issuer: actor.issuer, claims: shown(actor, 'actor') } }),
  };
}
