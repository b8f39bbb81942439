// `subject` and `private` of issuers: subjects of two issuers can never be equal, and what is hidden exists. Pure.
import { tenantOf } from '../../../shared/policy/tenant.ts';
import { type Catalogue, catalogueOf, typeOfClaim } from '../claims/catalogue.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { IssuerEntry } from '../schema/schema.ts';
import { parseTemplate } from '../schema/template.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { itemsOf, repeatedItems } from '../source/list-items.ts';
import { below, errorAt } from '../source/place.ts';
import { claimFinding } from './claim-finding.ts';
import { checkTemplate } from './templates.ts';

type Issuer = Entry<IssuerEntry>;

export function checkSubjects({ issuers, roles, files, tenantSources }: MergedPolicy): readonly Diagnostic[] {
  const tenants = new Set(files.flatMap(({ source }) => source.tenant || []));
  const hasWebIdentities = roles.some(({ value: { via } }) => via === 'web-identity');
  return [
    ...(tenantSources.length > 0 ? issuers.flatMap(likeTenants) : []),
    ...issuers.flatMap((issuer) => [...checkSubject(issuer, catalogueOf(issuer.value)), ...checkPrivate(issuer)]),
    ...collisions(issuers, [...(hasWebIdentities ? [ofWebIdentities] : []), ...[...tenants].map(ofTenant)]),
  ];
}

/** Which tenants there will be, nobody knows yet. */
function likeTenants({ name, value: { subject = '' }, place }: Issuer): Diagnostic[] {
  if (tenantOf(name) !== '' || !/^[a-z0-9][a-z0-9._-]*(\/|\$)/.test(subject)) return [];
  const message = 'this subject could be one of a tenant’s, which begin with its name and a slash';
  return [errorAt(below(place, 'subject'), message, 'begin with another text, such as "mail:"')];
}

/** Whatever a tenant's issuers are, now and later. */
function ofTenant(tenant: string): Prefix {
  return { issuer: `tenant ${tenant}`, tenant, text: `${tenant}/` };
}

/** By its subject a token opens a role at STS: no access token may have one of those. */
const ofWebIdentities: Prefix = { issuer: 'web identities at STS', text: 'role:' };

function checkSubject({ name, value: { subject }, place }: Issuer, catalogue: Catalogue | undefined): Diagnostic[] {
  if (subject === undefined) return [];
  const at = below(place, 'subject');
  const template = parseTemplate(subject);
  const literals = template?.filter((part) => typeof part === 'string') ?? [];
  // `|` parts issuer from subject in every issued `sub` that no template made.
  if (literals.some((literal) => literal.includes('|'))) {
    return [errorAt(at, 'a subject cannot hold |', 'it stands between the issuer name and sub of other subjects')];
  }
  if (template !== undefined && typeof template[0] !== 'string') {
    return [errorAt(at, 'a subject begins with text of its own', `write "mail:${subject}"`)];
  }
  if (template !== undefined && literals.length === template.length) {
    return [errorAt(at, 'this subject is the same for every token', 'put a claim in it: ${claims.sub}')];
  }
  const tenant = tenantOf(name);
  if (tenant !== '' && !subject.startsWith(`${tenant}/`)) {
    return [errorAt(at, 'a subject of a tenant begins with its name', `write ${quote(`${tenant}/${subject}`)}`)];
  }
  if (template?.some((part, index) => typeof part !== 'string' && typeof template[index + 1] === 'object')) {
    return [errorAt(at, 'two claims stand side by side: other values could make the same subject', 'part them by a :')];
  }
  return checkTemplate({ text: subject, place: at }, catalogue, 'text');
}

function checkPrivate({ value, place }: Issuer): readonly Diagnostic[] {
  const items = itemsOf(value.private ?? [], below(place, 'private'));
  const catalogue = catalogueOf(value);
  if (catalogue === undefined) return repeatedItems(items);
  const unsure = items.filter(({ value: path }) => isUnsure(typeOfClaim(catalogue, path)));
  return [...unsure.flatMap((item) => claimFinding(item.value, catalogue, item.place)), ...repeatedItems(items)];
}

function isUnsure(type: ReturnType<typeof typeOfClaim>): boolean {
  return type === undefined || type === 'open';
}

interface Prefix {
  readonly issuer: string;
  /** Whose issuers may begin so. */
  readonly tenant?: string;
  readonly text: string;
}

/** Every subject begins with its issuer's prefix: where none begins another, no two subjects can be equal. */
function collisions(issuers: readonly Issuer[], further: readonly Prefix[]): Diagnostic[] {
  const prefixes = [...issuers.flatMap(prefixOf), ...further];
  return issuers.flatMap(({ name, value, place }) => {
    if (value.subject === undefined) return [];
    const own = prefixes.find(({ issuer }) => issuer === name);
    const other =
      own &&
      prefixes.find(
        (prefix) => prefix.issuer !== name && prefix.tenant !== tenantOf(name) && overlap(prefix.text, own.text),
      );
    if (other === undefined) return [];
    const message = `subjects that begin with ${quote(own?.text)} could be those of ${quote(other.issuer)}, ${quote(other.text)}…`;
    return [errorAt(below(place, 'subject'), message, 'begin with a text that no other issuer begins with')];
  });
}

function prefixOf({ name, value: { subject } }: Issuer): Prefix[] {
  if (subject === undefined) return [{ issuer: name, text: `${name}|` }];
  const [first] = parseTemplate(subject) ?? [];
  return typeof first === 'string' ? [{ issuer: name, text: first }] : [];
}

function overlap(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}
