// A rule of a checked policy as the functions read it. Pure.
import type {
  ActorMatch,
  AudienceGrant,
  DenyRule,
  NamedCondition,
  PolicyRule,
  RoleGrant,
} from '../../../shared/policy/compiled-policy.ts';
import { isOwnIssuer, tenantOf } from '../../../shared/policy/tenant.ts';
import type { Catalogue } from '../claims/catalogue.ts';
import type { Catalogues } from '../claims/catalogue-by-name.ts';
import { eitherForm } from '../schema/audience-forms.ts';
import { audienceTtl } from '../schema/defaults.ts';
import { parseDuration } from '../schema/duration.ts';
import { byName, type Entry, type MergedPolicy } from '../schema/merge.ts';
import type { MatchEntry, RuleEntry } from '../schema/schema.ts';
import { lowerMatch } from './match.ts';
import { lowerRoleGrant } from './roles.ts';
import { lowerTemplate } from './template.ts';

export function lowerRule(policy: MergedPolicy, { name, value }: Entry<RuleEntry>, catalogues: Catalogues): PolicyRule {
  const { from, match, client, actor, when, outlive, grant, deny } = value;
  const matchOf = (issuer: string, entry: MatchEntry = {}) => {
    const catalogue: Catalogue = catalogues.get(issuer) ?? { claims: {} };
    return lowerMatch(catalogue, isOwnIssuer(issuer) ? eitherForm(entry, policy.audiences, tenantOf(name)) : entry);
  };
  const core = {
    id: name,
    from,
    match: matchOf(from, match),
    ...(client !== undefined && { client: lowerClients(client) }),
    ...(actor && { actor: { from: actor.from, match: matchOf(actor.from, actor.match) } satisfies ActorMatch }),
    ...(when && { when: lowerConditions(when) }),
  };
  if (deny !== undefined) return { ...core, deny: lowerDenied(deny) };
  return {
    ...core,
    grant: lowerGrant(policy, grant ?? {}, catalogues.get(from) ?? { claims: {} }),
    ...(actor?.maxDepth !== undefined && { maxDepth: actor.maxDepth }),
    ...(outlive === true && { outlive }),
  };
}

function lowerClients(client: NonNullable<RuleEntry['client']>): 'any' | readonly string[] {
  return client === 'any' ? client : [client].flat();
}

function lowerConditions(when: Readonly<Record<string, string>>): NamedCondition[] {
  return Object.entries(when).map(([name, expression]) => ({ name, expression }));
}

function lowerDenied(deny: NonNullable<RuleEntry['deny']>): DenyRule['deny'] {
  if (deny === true) return 'any';
  return deny.role === undefined ? { audience: deny.audience ?? '' } : { role: deny.role };
}

function lowerGrant(
  policy: MergedPolicy,
  grant: NonNullable<RuleEntry['grant']>,
  catalogue: Catalogue,
): AudienceGrant | RoleGrant {
  if (grant.role !== undefined) {
    return lowerRoleGrant(grant, byName(policy.roles).get(grant.role)?.value ?? {}, catalogue);
  }
  const { audience = '', scopes = [], claims = {}, ttl } = grant;
  const target = byName(policy.audiences).get(audience);
  return {
    audience,
    scopes,
    claims: Object.fromEntries(Object.entries(claims).map(([name, text]) => [name, lowerTemplate(text, catalogue)])),
    ttl: ttl === undefined ? audienceTtl(target?.value ?? {}).ttl : parseDuration(ttl),
  };
}
