// What a tenant's file names, as everybody else names it: `github` of tenant `acme` is `acme/github`. After this the whole
// policy is flat, and who is of which tenant shows in the names alone. Pure.
import { isOwnIssuer, qualified } from '../../../shared/policy/tenant.ts';
import type { Import, JoinedSection } from './joined-names.ts';
import type { ClientEntry, MatchEntry, RuleEntry } from './schema.ts';

/** The full name of what a file means by a name of some section. */
export type Qualify = (section: JoinedSection, name: string) => string;

/** A bare name of the root policy's is the tenant's to use once it is imported; every other bare name is its own. */
export function qualifierOf(tenant: string, imports: readonly Import[]): Qualify {
  const own = imports.filter((each) => each.tenant === tenant);
  const imported = new Set(own.map(({ section, name }) => `${section} ${name}`));
  return (section, name) =>
    tenant === '' || name.includes('/') || imported.has(`${section} ${name}`) ? name : qualified(tenant, name);
}

export function qualifyClient({ auth, introspects, ...rest }: ClientEntry, qualify: Qualify): ClientEntry {
  const { federated } = auth;
  return {
    ...rest,
    auth: federated ? { ...auth, federated: { ...federated, issuer: qualify('issuers', federated.issuer) } } : auth,
    ...(introspects && { introspects: introspects.map((name) => qualify('audiences', name)) }),
  };
}

export function qualifyRule(
  { from, client, actor, match, grant, deny, ...rest }: RuleEntry,
  qualify: Qualify,
): RuleEntry {
  const subject = qualify('issuers', from);
  return {
    ...rest,
    from: subject,
    ...(client !== undefined && { client: qualifyClients(client, qualify) }),
    ...(actor && { actor: qualifyActor(actor, qualify) }),
    ...(match && { match: isOwnIssuer(subject) ? qualifyMatch(match, qualify) : match }),
    ...(grant && { grant: qualifyTarget(grant, qualify) }),
    ...(deny !== undefined && { deny: deny === true ? deny : qualifyTarget(deny, qualify) }),
  };
}

type Clients = NonNullable<RuleEntry['client']>;

function qualifyClients(client: Clients, qualify: Qualify): Clients {
  if (client === 'any') return client;
  return typeof client === 'string' ? qualify('clients', client) : client.map((name) => qualify('clients', name));
}

function qualifyActor(actor: NonNullable<RuleEntry['actor']>, qualify: Qualify): NonNullable<RuleEntry['actor']> {
  const from = qualify('issuers', actor.from);
  if (!actor.match || !isOwnIssuer(from)) return { ...actor, from };
  return { ...actor, from, match: qualifyMatch(actor.match, qualify) };
}

interface TargetNames {
  readonly audience?: string | undefined;
  readonly role?: string | undefined;
}

function qualifyTarget<Target extends TargetNames>(target: Target, qualify: Qualify): Target {
  const { audience, role } = target;
  return {
    ...target,
    ...(audience !== undefined && { audience: qualify('audiences', audience) }),
    ...(role !== undefined && { role: qualify('roles', role) }),
  };
}

const bareName = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const issuerOfSubject = /^([a-z0-9][a-z0-9._-]{0,62})\|/;

type Wanted = MatchEntry[string];

/** Own tokens name audiences, clients and issuers in full; patterns are left to what knows all names. */
function qualifyMatch(match: MatchEntry, qualify: Qualify): MatchEntry {
  const named = (section: JoinedSection) => (value: string) => (bareName.test(value) ? qualify(section, value) : value);
  const subject = (value: string) =>
    value.replace(issuerOfSubject, (_, name: string) => `${qualify('issuers', name)}|`);
  const claims: Readonly<Record<string, (value: string) => string>> = {
    aud: named('audiences'),
    client_id: named('clients'),
    sub: subject,
    'act.sub': subject,
  };
  const entries = Object.entries(match).map(([path, wanted]) => {
    const rewrite = Object.hasOwn(claims, path) ? claims[path] : undefined;
    return [path, rewrite ? eachText(wanted, rewrite) : wanted] as const;
  });
  return Object.fromEntries(entries);
}

function eachText(wanted: Wanted, rewrite: (value: string) => string): Wanted {
  if (typeof wanted === 'string') return rewrite(wanted);
  return Array.isArray(wanted) ? wanted.map((value) => (typeof value === 'string' ? rewrite(value) : value)) : wanted;
}
