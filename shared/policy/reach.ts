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

/** Names. */
export interface Reach {
  readonly roles: ReadonlySet<string>;
  readonly audiences: ReadonlySet<string>;
}

export type ReachingPolicy = Pick<CompiledPolicy, 'rules' | 'clients' | 'audiences' | 'roles'>;

/** Where it begins: with tokens of an issuer, requests of a client, or a token for an audience. */
export type ReachFrom = { readonly issuer: string } | { readonly client: string } | { readonly audience: string };

/** Rules of `from: self` are the policy's own. */
const own = 'self';

/** What can be reached from there at most. */
export function reachOf(from: ReachFrom, policy: ReachingPolicy): Reach {
  const rules = policy.rules.filter(isAllow);
  const roles = new Set<string>();
  const audiences = new Set<string>();
  let next = 'audience' in from ? hopsFrom(from.audience, rules, policy) : rules.filter(startsWith(from, policy));
  while (next.length > 0) {
    const fresh = new Set<string>();
    for (const { grant } of next) {
      if ('role' in grant) roles.add(grant.role);
      else if (!audiences.has(grant.audience)) fresh.add(grant.audience);
    }
    for (const audience of fresh) audiences.add(audience);
    next = [...fresh].flatMap((audience) => hopsFrom(audience, rules, policy));
  }
  return { roles, audiences };
}

/** Roles that a token of Cambio, whoever signed it, can reach, and those whose sessions are made with one. */
export function rolesOfOwnTokens({ rules, roles }: ReachingPolicy): ReadonlySet<string> {
  const granted = rules
    .filter(isAllow)
    .flatMap(({ from, grant }) => (from === own && 'role' in grant ? [grant.role] : []));
  const asserted = Object.values(roles).flatMap(({ name, via }) => (via === 'web-identity' ? [name] : []));
  return new Set([...granted, ...asserted]);
}

type GrantingRule = AllowRule<AudienceGrant | RoleGrant>;

function isAllow(rule: PolicyRule): rule is GrantingRule {
  return 'grant' in rule;
}

/** Rules that a token of the issuer, as subject, actor or a named client's assertion, or a request of the client may fit. */
function startsWith(from: Exclude<ReachFrom, { audience: string }>, { clients }: ReachingPolicy) {
  if ('client' in from) {
    return ({ client }: GrantingRule) => client === undefined || client === 'any' || client.includes(from.client);
  }
  const federated = Object.values(clients).flatMap(({ name, auth }) =>
    auth.method === 'federated' && auth.issuer === from.issuer ? [name] : [],
  );
  return ({ from: issuer, actor, client }: GrantingRule) =>
    issuer === from.issuer ||
    actor?.from === from.issuer ||
    (client === 'any' ? federated.length > 0 : client?.some((name) => federated.includes(name)) === true);
}

/** Rules that a token for the audience may fit, as subject or as actor. */
function hopsFrom(
  name: string,
  rules: readonly GrantingRule[],
  { audiences }: ReachingPolicy,
): readonly GrantingRule[] {
  const audience: Audience | undefined = audiences[name];
  const aud = audience?.resource ?? name;
  const fits = ({ from, match }: ActorMatch): boolean =>
    from === own && match.every((one) => one.path !== 'aud' || evaluateMatch(one, { aud }).matched);
  return rules.filter((rule) => fits(rule) || (rule.actor !== undefined && fits(rule.actor)));
}
