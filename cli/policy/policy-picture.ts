// A policy as the page draws it: who reaches what, by which rules, with a token for each way. Pure.

import { reach, type ShownWay } from '../../infra/policy/rehearse/reach.ts';
import type { PolicyArtifact, PolicyRule, ValueHole } from '../../shared/policy/compiled-policy.ts';
import { isOwnIssuer } from '../../shared/policy/tenant.ts';
import type { PictureRule, PictureWay, PolicyPicture, PolicyText } from '../console/api.ts';
import { playableClients } from './playable-clients.ts';
import { conditionsOf } from './reach.ts';

/** @param now epoch seconds */
export function pictureOf(policy: PolicyArtifact, files: readonly PolicyText[], now: number): PolicyPicture {
  const reached = targetsOf(policy).map(({ name }) => reach(policy, name, now));
  return {
    hash: policy.hash,
    issuers: Object.values(policy.issuers).map(({ name, url, profile }) => ({
      ...{ name, url: shown(url) },
      ...(profile !== undefined && { profile }),
    })),
    targets: targetsOf(policy),
    clients: playableClients(policy),
    rules: policy.rules.map((rule) => pictureRule(rule, policy)),
    ways: reached.flatMap(({ target, ways }) => ways.map((way) => pictureWay(target, way))),
    truncated: reached.some(({ truncated }) => truncated === true),
    files: files.map(({ path, text }) => ({ path, text })),
  };
}

function targetsOf({ audiences, roles }: PolicyArtifact): PolicyPicture['targets'] {
  return [
    ...Object.values(audiences).map(
      ({ name, resource }) => ({ name, kind: 'audience', form: resource ?? '' }) as const,
    ),
    ...Object.values(roles).map(({ name, arn }) => ({ name, kind: 'role', form: shown(arn) }) as const),
  ];
}

export function pictureWay(target: string, { issuer, hops, undecided = [] }: ShownWay): PictureWay {
  return {
    ...{ target, issuer, undecided },
    hops: hops.map(({ actor, ...hop }) => ({ ...hop, ...(actor && { actor: actor.issuer }) })),
  };
}

function pictureRule(rule: PolicyRule, policy: PolicyArtifact): PictureRule {
  const { id, from, client, actor } = rule;
  const target = targetOf(rule);
  return {
    ...{ id, from, denies: 'deny' in rule },
    conditions: conditionsOf(rule),
    scopes: 'grant' in rule && 'scopes' in rule.grant ? rule.grant.scopes : [],
    ...(target !== undefined && { target }),
    ...(client !== undefined && { client: [client].flat().join(', ') }),
    ...(actor && { actor: actor.from }),
    ...(isOwnIssuer(from) && { takes: audiencesTaken(rule, policy) }),
  };
}

function targetOf(rule: PolicyRule): string | undefined {
  if ('grant' in rule) return 'role' in rule.grant ? rule.grant.role : rule.grant.audience;
  if (rule.deny === 'any') return undefined;
  return 'role' in rule.deny ? rule.deny.role : rule.deny.audience;
}

/** A rule about our own tokens that names no audience takes those of all. */
function audiencesTaken({ match }: PolicyRule, { audiences }: PolicyArtifact): readonly string[] {
  const wanted = match.find(({ path }) => path === 'aud')?.anyOf;
  const forms = wanted?.map((each) => ('equals' in each ? each.equals : each.glob));
  const taken = Object.values(audiences).filter(
    ({ name, resource }) => !forms || forms.includes(name) || (resource !== undefined && forms.includes(resource)),
  );
  return taken.map(({ name }) => name);
}

/** CDK knows some values only at deploy. */
function shown(value: string | ValueHole): string {
  return typeof value === 'string' ? value : 'known at deploy';
}
