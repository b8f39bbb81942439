// `exports` and `imports` of all files, name by name. Pure.
import { qualified, selfIssuerName, tenantOf } from '../../../shared/policy/tenant.ts';
import { below, type Place, type PolicySource, rootOf } from '../source/place.ts';
import type { PolicyDocument } from './schema.ts';

const joinedSections = ['issuers', 'clients', 'audiences', 'roles'] as const;

export type JoinedSection = (typeof joinedSections)[number];

export interface SourcedDocument {
  readonly source: PolicySource;
  readonly document: PolicyDocument;
}

/** What one tenant lets others name. */
export interface Export {
  readonly section: JoinedSection;
  /** In full. */
  readonly name: string;
  /** Names of tenants, and `root`; absent: all. */
  readonly to?: readonly string[];
  readonly place: Place;
}

/** What one tenant names of others. */
export interface Import {
  readonly section: JoinedSection;
  /** In full. */
  readonly name: string;
  /** Who imports it; `''`: the root policy. */
  readonly tenant: string;
  readonly place: Place;
}

interface Written {
  /** Absent: whatever has such a name. */
  readonly section?: JoinedSection;
  readonly name: string;
  readonly to?: readonly string[];
  readonly place: Place;
}

export function joinsOf(documents: readonly SourcedDocument[]) {
  const exports = documents.flatMap(({ source, document }) =>
    writtenIn(document.exports, below(rootOf(source), 'exports')).flatMap(({ name, section, ...rest }) => {
      const full = qualified(source.tenant, name);
      const sections = section ? [section] : definedIn(full, documents);
      return sections.map((each): Export => ({ ...rest, section: each, name: full }));
    }),
  );
  const imports = documents.flatMap(({ source, document }) =>
    writtenIn(document.imports, below(rootOf(source), 'imports')).flatMap(({ name, section, place }) => {
      const offered = exports.flatMap((each) => (each.name === name ? each.section : []));
      const sections = section ? [section] : offered.length > 0 ? offered : definedIn(name, documents);
      return sections.map((each): Import => ({ section: each, name, tenant: source.tenant, place }));
    }),
  );
  return { exports, imports };
}

type Names = readonly string[] | Readonly<Record<string, readonly string[]>>;

/** One list of names for all sections, or names by section, for everybody or each for some. */
function writtenIn(
  written: readonly string[] | Partial<Record<JoinedSection, Names | undefined>> = {},
  place: Place,
): Written[] {
  if (isList(written)) return written.map((name, index) => ({ name, place: below(place, index) }));
  return joinedSections.flatMap((section) => {
    const names = written[section] ?? [];
    const at = below(place, section);
    return isList(names)
      ? names.map((name, index) => ({ section, name, place: below(at, index) }))
      : Object.entries(names).map(([name, to]) => ({ section, name, to, place: below(at, name) }));
  });
}

/** The sections in which there is something of a name; where there is nothing, it is missed as an audience. */
function definedIn(name: string, documents: readonly SourcedDocument[]): readonly JoinedSection[] {
  const tenant = tenantOf(name);
  const bare = tenant === '' ? name : name.slice(tenant.length + 1);
  const own = documents.filter(({ source }) => source.tenant === tenant);
  const found = joinedSections.filter((section) =>
    own.some(({ document }) => Object.hasOwn(document[section] ?? {}, bare)),
  );
  if (bare === selfIssuerName) return ['issuers'];
  return found.length > 0 ? found : ['audiences'];
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}
