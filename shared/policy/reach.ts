// Which roles and audiences tokens of an issuer, of a client or for an audience can reach, hops over own tokens included. Of
// claims only `aud` is looked at: what is reached at most. Pure.
import type {
  ActorMatch,
  AllowRule,
  Audience,
  AudienceGrant,
  CompiledPolicy,
  PolicyRule,
  RoleGrant,
} from './compiled-policy.ts';
import { evaluateMatch } from './match.ts';
import { isOwnIssuer, mayUse, qualified, tenantOf } from './tenant.ts';

/** Names. */
export interface Reach {
  readonly roles: ReadonlySet<string>;
  readonly audiences: ReadonlySet<string>;
}

export type ReachingPolicy = Pick<CompiledPolicy, 'rules' | 'clients' | 'audiences' | 'roles'>;

/** Where it begins: with tokens of an issuer, requests of a client, or a token for an audience. */
export type ReachFrom = { readonly issuer: string } | { readonly client: string } | { readonly audience: string };

/** What can be reached from there at most. */
export function reachOf(from: ReachFrom, policy: ReachingPolicy): Reach {
  const rules = policy.rules.filter(isAllow);
  const roles = new Set<string>();
  const audiences = new Set<string>();
  const seen = new Set<string>();
  let next =
    'audience' in from ? hopsFrom({ audience: from.audience }, rules, policy) : rules.filter(startsWith(from, policy));
  while (next.length > 0) {
    const fresh: OwnToken[] = [];
    for (const { from: issuer, grant } of next) {
      if ('role' in grant) roles.add(grant.role);
      else {
        const token = { audience: grant.audience, tenant: tenantOf(issuer) };
        const key = qualified(token.tenant, `self for ${token.audience}`);
        if (!seen.has(key)) fresh.push(token);
        seen.add(key);
        audiences.add(token.audience);
      }
    }
    next = fresh.flatMap((token) => hopsFrom(token, rules, policy));
  }
  return { roles, audiences };
}

/** Roles that a token of Cambio, whoever signed it, can reach, as subject or actor, and those whose sessions are made with one. */
export function rolesOfOwnTokens({ rules, roles }: ReachingPolicy): ReadonlySet<string> {
  const granted = rules
    .filter(isAllow)
    .filter(({ from, actor }) => isOwnIssuer(from) || (actor && isOwnIssuer(actor.from)))
    .flatMap(({ grant }) => ('role' in grant ? [grant.role] : []));
  const asserted = Object.values(roles).flatMap(({ name, via }) => (via === 'web-identity' ? [name] : []));
  return new Set([...granted, ...asserted]);
}

type GrantingRule = AllowRule<AudienceGrant | RoleGrant>;

function isAllow(rule: PolicyRule): rule is GrantingRule {
  return 'grant' in rule;
}

/** Rules that a token of the issuer, as subject, actor or a client's assertion, or a request of the client may fit. */
function startsWith(from: Exclude<ReachFrom, { audience: string }>, { clients }: ReachingPolicy) {
  const asks = (client: string, rule: GrantingRule): boolean =>
    rule.client === undefined || rule.client === 'any' ? mayUse(client, rule) : rule.client.includes(client);
  if ('client' in from) return (rule: GrantingRule) => asks(from.client, rule);
  const federated = Object.values(clients).flatMap(({ name, auth }) =>
    auth.method === 'federated' && auth.issuer === from.issuer ? [name] : [],
  );
  return (rule: GrantingRule) =>
    rule.from === from.issuer || rule.actor?.from === from.issuer || federated.some((client) => asks(client, rule));
}

/** A token of ours; whichever tenant's subject it is of, where that is not known. */
interface OwnToken {
  readonly audience: string;
  readonly tenant?: string;
}

/** Rules that a token may fit, as subject or as actor. */
function hopsFrom(
  { audience: name, tenant }: OwnToken,
  rules: readonly GrantingRule[],
  { audiences }: ReachingPolicy,
): readonly GrantingRule[] {
  const audience: Audience | undefined = audiences[name];
  const aud = audience?.resource ?? name;
  const isOf = (from: string): boolean => isOwnIssuer(from) && (tenant ?? tenantOf(from)) === tenantOf(from);
  const fits = ({ from, match }: ActorMatch): boolean =>
    isOf(from) && match.every((one) => one.path !== 'aud' || evaluateMatch(one, { aud }).matched);
  return rules.filter((rule) => fits(rule) || (rule.actor !== undefined && fits(rule.actor)));
}
