// What issuers call private, and where it goes from their tokens into ours: wherever Cambio keeps one of these, it keeps a
// hash. Pure.
import type {
  AllowRule,
  AudienceGrant,
  CompiledPolicy,
  PolicyRule,
  Template,
  TrustedIssuer,
} from './compiled-policy.ts';
import { isOwnIssuer } from './tenant.ts';

type WithPrivate = Pick<TrustedIssuer, 'private'>;

/** Whether a path names a private claim, or something inside one. */
export function isPrivate(path: string, { private: names = [] }: WithPrivate): boolean {
  return names.some((name) => path === name || path.startsWith(`${name}.`));
}

/** Whether the value at a path has a private claim inside. */
export function leadsToPrivate(path: string, { private: names = [] }: WithPrivate): boolean {
  return names.some((name) => name.startsWith(`${path}.`));
}

/** Whether the value at a path is a private claim, or has one inside. */
export function showsPrivate(path: string, issuer: WithPrivate): boolean {
  return isPrivate(path, issuer) || leadsToPrivate(path, issuer);
}

/** Whether the issued subject of the issuer's tokens is made of what it calls private. */
export function hasPrivateSubject(issuer: Pick<TrustedIssuer, 'private' | 'subject'>): boolean {
  return issuer.subject ? showsAny(issuer.subject, issuer) : showsPrivate('sub', issuer);
}

/** What is private in tokens of our own. */
export interface OwnPrivate {
  /** Claims, whoever's they were: which rule mapped them a token does not say. */
  readonly private: readonly string[];
  /** Names of the issuers whose subjects are nobody's secret. */
  readonly openSubjects: readonly string[];
}

type Rules = Pick<CompiledPolicy, 'issuers' | 'rules'>;

const known = new WeakMap<object, OwnPrivate>();

/** Found once for each policy. */
export function ownPrivate(policy: Rules): OwnPrivate {
  const found = known.get(policy) ?? findOwnPrivate(policy);
  known.set(policy, found);
  return found;
}

function findOwnPrivate({ issuers, rules }: Rules): OwnPrivate {
  const openSubjects = Object.values(issuers).flatMap((issuer) => (hasPrivateSubject(issuer) ? [] : [issuer.name]));
  const isOpen = openSubjects.length === Object.keys(issuers).length;
  // Actors are named by their subjects.
  let names: readonly string[] = isOpen ? [] : ['act'];
  const mapping = rules.filter(mapsClaims);
  for (let before = -1; before < names.length; ) {
    before = names.length;
    const own = { private: isOpen ? names : [...names, 'sub'] };
    const mapped = mapping.flatMap(({ from, grant }) =>
      Object.entries(grant.claims).flatMap(([name, template]) =>
        showsAny(template, isOwnIssuer(from) ? own : (issuers[from] ?? {})) ? [name] : [],
      ),
    );
    names = [...new Set([...names, ...mapped])];
  }
  return { private: names, openSubjects };
}

function mapsClaims(rule: PolicyRule): rule is AllowRule<AudienceGrant> {
  return 'grant' in rule && 'claims' in rule.grant;
}

function showsAny(template: Template, issuer: WithPrivate): boolean {
  return template.some((part) => typeof part !== 'string' && showsPrivate(part.claim, issuer));
}
