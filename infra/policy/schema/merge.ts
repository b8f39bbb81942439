// Several checked files as one policy, every entry with its place. Pure.
import { below, type Place, type PolicySource } from '../source/place.ts';
import type { AudienceEntry, ClientEntry, IssuerEntry, PolicyDocument, RoleEntry, RuleEntry } from './schema.ts';

/** A named part of the policy; `place` is the place of its value. */
export interface Entry<T> {
  readonly name: string;
  readonly value: T;
  readonly place: Place;
}

/** The parts in file order; names may still be dangling or doubled. */
export interface MergedPolicy {
  readonly files: readonly Place[];
  readonly issuers: readonly Entry<IssuerEntry>[];
  readonly clients: readonly Entry<ClientEntry>[];
  readonly audiences: readonly Entry<AudienceEntry>[];
  readonly roles: readonly Entry<RoleEntry>[];
  readonly rules: readonly Entry<RuleEntry>[];
}

export interface SourcedDocument {
  readonly source: PolicySource;
  readonly document: PolicyDocument;
}

export function mergeDocuments(documents: readonly SourcedDocument[]): MergedPolicy {
  return {
    files: documents.map(({ source }) => rootOf(source)),
    issuers: documents.flatMap(({ source, document }) => entries(source, 'issuers', document.issuers)),
    clients: documents.flatMap(({ source, document }) => entries(source, 'clients', document.clients)),
    audiences: documents.flatMap(({ source, document }) => entries(source, 'audiences', document.audiences)),
    roles: documents.flatMap(({ source, document }) => entries(source, 'roles', document.roles)),
    rules: documents.flatMap(({ source, document }) =>
      (document.rules ?? []).map((value, index) => ({
        name: value.id,
        value,
        place: below(rootOf(source), 'rules', index),
      })),
    ),
  };
}

const named = new WeakMap<readonly Entry<unknown>[], ReadonlyMap<string, Entry<unknown>>>();

/** Entries by name, found once for each list; the first of a name wins. Map, not object: `constructor` is a legal name. */
export function byName<T>(list: readonly Entry<T>[]): ReadonlyMap<string, Entry<T>> {
  const known = named.get(list) ?? new Map([...list].reverse().map((entry) => [entry.name, entry]));
  named.set(list, known);
  return known as ReadonlyMap<string, Entry<T>>;
}

function rootOf(source: PolicySource): Place {
  return { source, path: [], on: 'value' };
}

function entries<T>(source: PolicySource, section: string, named: Readonly<Record<string, T>> = {}): Entry<T>[] {
  return Object.entries(named).map(([name, value]) => ({ name, value, place: below(rootOf(source), section, name) }));
}
