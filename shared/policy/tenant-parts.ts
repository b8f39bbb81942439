// Tenants that were put at run time: what each adds to the deployed policy, and what of it is once in the deployment. Pure.
import { hash } from 'node:crypto';
import { resourceForms } from './audience-forms.ts';
import type { CompiledPolicy, PolicyRule } from './compiled-policy.ts';
import { keyPurposes } from './key-purposes.ts';
import { tenantOf } from './tenant.ts';

/**
 * Of what is compiled. A tenant lies in the table as it was compiled when it was put: what a later version of Cambio would read in
 * another way is left out until it is put again. To be counted up with every change of the compiled policy's meaning.
 */
export const partFormat = 1;

/** A compiled tenant; all its names are full. */
export interface TenantPart {
  readonly issuers: CompiledPolicy['issuers'];
  readonly clients: CompiledPolicy['clients'];
  readonly audiences: CompiledPolicy['audiences'];
  readonly rules: CompiledPolicy['rules'];
}

/** What a compiled policy has of one tenant. */
export function partOf(tenant: string, { issuers, clients, audiences, rules }: TenantPart): TenantPart {
  const own = <Thing>(named: Readonly<Record<string, Thing>>): Readonly<Record<string, Thing>> =>
    Object.fromEntries(Object.entries(named).filter(([name]) => tenantOf(name) === tenant));
  return {
    issuers: own(issuers),
    clients: own(clients),
    audiences: own(audiences),
    rules: rules.filter(({ id }) => tenantOf(id) === tenant),
  };
}

/** What nobody else may have, as text: pairs of issuer and audience, streams of events, resources. */
export function takenBy({ issuers, audiences }: Pick<TenantPart, 'issuers' | 'audiences'>): readonly string[] {
  const text = (...parts: readonly string[]) => JSON.stringify(parts);
  return [
    ...Object.values(issuers).flatMap(({ url, audiences: accepted, events }) => [
      ...accepted.map((audience) => text('issuer', url, audience)),
      ...(events ? [text('events', url, events.audience)] : []),
    ]),
    ...Object.values(audiences).flatMap(({ resource }) =>
      resource === undefined ? [] : resourceForms(resource).map((form) => text('resource', form)),
    ),
  ];
}

export interface NamedPart {
  readonly name: string;
  /** Of what it was read from. */
  readonly hash: string;
  /** {@link partFormat} of who compiled it. */
  readonly format: number;
  readonly part: TenantPart;
}

export interface Joined {
  readonly policy: CompiledPolicy;
  /**
   * Names of those that a later deployment has shut out: it has such a tenant itself, or what was theirs alone, no longer exports
   * what they import, has no key for what they sign by, or reads what is compiled in another way.
   */
  readonly left: readonly string[];
}

/** The deployed policy with the tenants that have nothing of what it, or one before them, has. */
export function withParts(deployed: CompiledPolicy, parts: readonly NamedPart[]): Joined {
  const taken = new Set(takenBy(deployed));
  const names = new Set(deployedTenants(deployed));
  const joined: NamedPart[] = [];
  const left: string[] = [];
  for (const named of parts) {
    const own = named.format === partFormat ? takenBy(named.part) : undefined;
    const isShutOut = names.has(named.name) || own?.some((each) => taken.has(each));
    if (!own || isShutOut || !importsHold(named, deployed) || !hasKeys(named, deployed)) left.push(named.name);
    else {
      joined.push(named);
      names.add(named.name);
      for (const each of own) taken.add(each);
    }
  }
  if (joined.length === 0) return { policy: deployed, left };
  const all = <Section extends 'issuers' | 'clients' | 'audiences'>(section: Section) =>
    Object.assign({}, deployed[section], ...joined.map(({ part }) => part[section])) as CompiledPolicy[Section];
  const policy = {
    ...deployed,
    hash: hash('sha256', JSON.stringify([deployed.hash, ...joined.map((each) => [each.name, each.hash])])),
    issuers: all('issuers'),
    clients: all('clients'),
    audiences: all('audiences'),
    rules: [...deployed.rules, ...joined.flatMap(({ part }) => part.rules.map((rule) => within(rule, deployed)))],
  };
  return { policy, left };
}

/** Whether the root policy still has, and lets the tenant name, all that is not the tenant's own. */
function importsHold({ name: tenant, part }: NamedPart, deployed: CompiledPolicy): boolean {
  const exported = new Set(
    (deployed.tenants?.exports ?? [])
      .filter(({ to }) => to === undefined || to.includes(tenant))
      .map(({ section, name }) => `${section} ${name}`),
  );
  const issuers = new Set(Object.keys(deployed.issuers));
  const clients = new Set(Object.keys(deployed.clients));
  const audiences = new Set(Object.keys(deployed.audiences));
  const there = { issuers, clients, audiences };
  return namesIn(part).every(
    ({ section, name }) =>
      tenantOf(name) === tenant || (there[section].has(name) && exported.has(`${section} ${name}`)),
  );
}

/** Whether the deployment still signs what the tenant's audiences want signed. */
function hasKeys({ part }: NamedPart, deployed: CompiledPolicy): boolean {
  const purposes = keyPurposes(deployed);
  const signs = (wanted: string, by: string) => purposes.some(({ use, alg }) => use === wanted && alg === by);
  return Object.values(part.audiences).every(
    ({ alg, status }) => signs('token', alg) && (status !== true || signs('status', alg)),
  );
}

/** A token for an audience of the root policy lives no longer than that allows today. */
function within(rule: PolicyRule, { audiences }: CompiledPolicy): PolicyRule {
  if (!('grant' in rule) || !('audience' in rule.grant)) return rule;
  const { grant, ...rest } = rule;
  const { maxTtl = grant.ttl } = audiences[grant.audience] ?? {};
  return grant.ttl > maxTtl ? { ...rest, grant: { ...grant, ttl: maxTtl } } : rule;
}

interface UsedName {
  readonly section: 'issuers' | 'clients' | 'audiences';
  readonly name: string;
}

function namesIn({ clients, rules }: TenantPart): readonly UsedName[] {
  const of = (section: UsedName['section'], ...names: readonly string[]) => names.map((name) => ({ section, name }));
  return [
    ...Object.values(clients).flatMap(({ auth, introspects }) => [
      ...of('audiences', ...introspects),
      ...(auth.method === 'federated' ? of('issuers', auth.issuer) : []),
    ]),
    ...rules.flatMap((rule) => [
      ...of('issuers', rule.from, ...(rule.actor ? [rule.actor.from] : [])),
      ...of('clients', ...(rule.client === undefined || rule.client === 'any' ? [] : rule.client)),
      ...of('audiences', ...targetOf(rule)),
    ]),
  ];
}

function targetOf(rule: PolicyRule): readonly string[] {
  const target = 'grant' in rule ? rule.grant : rule.deny;
  if (target === 'any') return [];
  return ['role' in target ? target.role : target.audience];
}

type Section = Readonly<Record<string, unknown>>;

/** Tenants that have a folder. */
export function deployedTenants(policy: {
  readonly issuers: Section;
  readonly clients: Section;
  readonly audiences: Section;
  readonly rules: readonly { readonly id: string }[];
}): readonly string[] {
  const names = [policy.issuers, policy.clients, policy.audiences].flatMap((section) => Object.keys(section));
  const ids = policy.rules.map(({ id }) => id);
  return [...new Set([...names, ...ids].map(tenantOf))].filter((name) => name !== '');
}
