// Several checked files as one policy, every entry with its full name and its place. Pure.
import { qualified } from '../../../shared/policy/tenant.ts';
import { below, type Place, type PolicySource, rootOf } from '../source/place.ts';
import { type Export, type Import, joinsOf, type SourcedDocument } from './joined-names.ts';
import { type Qualify, qualifierOf, qualifyClient, qualifyRule } from './qualify.ts';
import type { AudienceEntry, ClientEntry, IssuerEntry, RoleEntry, RuleEntry } from './schema.ts';

/** A named part of the policy; `place` is the place of its value. The tenant it is of shows in its name. */
export interface Entry<T> {
  readonly name: string;
  readonly value: T;
  readonly place: Place;
}

/** The parts in file order; names may still be dangling or doubled. */
export interface MergedPolicy {
  readonly files: readonly Place[];
  /** Where files say that tenants come from the table, too. */
  readonly tenantSources: readonly Place[];
  readonly issuers: readonly Entry<IssuerEntry>[];
  readonly clients: readonly Entry<ClientEntry>[];
  readonly audiences: readonly Entry<AudienceEntry>[];
  readonly roles: readonly Entry<RoleEntry>[];
  readonly rules: readonly Entry<RuleEntry>[];
  readonly exports: readonly Export[];
  readonly imports: readonly Import[];
}

export function mergeDocuments(documents: readonly SourcedDocument[]): MergedPolicy {
  const joins = joinsOf(documents);
  const parts = documents.map((each) => partsOf(each, qualifierOf(each.source.tenant, joins.imports)));
  return {
    files: documents.map(({ source }) => rootOf(source)),
    tenantSources: documents.flatMap(({ source, document }) =>
      document.tenants ? [below(rootOf(source), 'tenants')] : [],
    ),
    issuers: parts.flatMap(({ issuers }) => issuers),
    clients: parts.flatMap(({ clients }) => clients),
    audiences: parts.flatMap(({ audiences }) => audiences),
    roles: parts.flatMap(({ roles }) => roles),
    rules: parts.flatMap(({ rules }) => rules),
    ...joins,
  };
}

function partsOf({ source, document }: SourcedDocument, qualify: Qualify) {
  const { issuers, clients, audiences, roles, rules = [] } = document;
  return {
    issuers: entries(source, 'issuers', issuers),
    clients: entries(source, 'clients', clients).map((entry) => ({
      ...entry,
      value: qualifyClient(entry.value, qualify),
    })),
    audiences: entries(source, 'audiences', audiences),
    roles: entries(source, 'roles', roles),
    rules: rules.map((value, index) => ({
      name: qualified(source.tenant, value.id),
      value: qualifyRule(value, qualify),
      place: below(rootOf(source), 'rules', index),
    })),
  };
}

const named = new WeakMap<readonly Entry<unknown>[], ReadonlyMap<string, Entry<unknown>>>();

/** Entries by name, found once for each list; the first of a name wins. Map, not object: `constructor` is a legal name. */
export function byName<T>(list: readonly Entry<T>[]): ReadonlyMap<string, Entry<T>> {
  const known = named.get(list) ?? new Map([...list].reverse().map((entry) => [entry.name, entry]));
  named.set(list, known);
  return known as ReadonlyMap<string, Entry<T>>;
}

function entries<T>(source: PolicySource, section: string, named: Readonly<Record<string, T>> = {}): Entry<T>[] {
  return Object.entries(named).map(([name, value]) => ({
    name: qualified(source.tenant, name),
    value,
    place: below(rootOf(source), section, name),
  }));
}
