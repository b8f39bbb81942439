// `match` of rules, actors and federated clients: known claims, values of their types, patterns that say something. Pure.
import type { ClaimType } from '../../../shared/policy/compiled-policy.ts';
import { type Catalogue, knownPaths, typeOfClaim } from '../claims/catalogue.ts';
import { cataloguesOf } from '../claims/catalogue-by-name.ts';
import type { MergedPolicy } from '../schema/merge.ts';
import type { MatchEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { type Item, itemsOf } from '../source/list-items.ts';
import { below, errorAt, keyOf, type Place, warningAt } from '../source/place.ts';
import { claimFinding } from './claim-finding.ts';
import { patternProblem } from './pattern.ts';

interface PlacedMatch {
  readonly issuer: string | undefined;
  readonly match: MatchEntry | undefined;
  readonly place: Place;
}

type Value = Item<string | number | boolean>;

export function checkMatches(policy: MergedPolicy): readonly Diagnostic[] {
  const catalogues = cataloguesOf(policy);
  return matchesOf(policy).flatMap(({ issuer, match = {}, place }) => {
    const catalogue = catalogues.get(issuer ?? '');
    return Object.entries(match).flatMap(([path, wanted]) =>
      checkCondition(path, itemsOf(wanted, below(place, path)), { catalogue, place: below(place, path) }),
    );
  });
}

function matchesOf({ rules, clients }: MergedPolicy): PlacedMatch[] {
  return [
    ...rules.flatMap(({ value: { from, match, actor }, place }) => [
      { issuer: from, match, place: below(place, 'match') },
      { issuer: actor?.from, match: actor?.match, place: below(place, 'actor', 'match') },
    ]),
    ...clients.map(({ value: { auth }, place }) => ({
      issuer: auth.federated?.issuer,
      match: auth.federated?.match,
      place: below(place, 'auth', 'federated', 'match'),
    })),
  ];
}

function checkCondition(
  path: string,
  values: readonly Value[],
  { catalogue, place }: { readonly catalogue: Catalogue | undefined; readonly place: Place },
): Diagnostic[] {
  const patterns = values.flatMap(checkPattern);
  if (catalogue === undefined) return patterns;
  const type = typeOfClaim(catalogue, path);
  if (type === undefined) return claimFinding(path, catalogue, keyOf(place));
  if (type === 'open') return [...claimFinding(path, catalogue, keyOf(place)), ...sameKind(values), ...patterns];
  if (type === 'object') return [wholeObject(path, catalogue, place)];
  return [...values.flatMap((value) => checkType(path, type, value)), ...patterns];
}

function checkPattern({ value, place }: Value): Diagnostic[] {
  const problem = typeof value === 'string' ? patternProblem(value) : undefined;
  return problem === undefined ? [] : [errorAt(place, `${quote(value)}: ${problem.message}`, problem.hint)];
}

function wholeObject(path: string, catalogue: Catalogue, place: Place): Diagnostic {
  const member = knownPaths(catalogue).find((known) => known.startsWith(`${path}.`)) ?? `${path}.NAME`;
  return errorAt(
    keyOf(place),
    `the claim ${quote(path)} is an object`,
    `match a member of it, such as ${quote(member)}`,
  );
}

function sameKind(values: readonly Value[]): Diagnostic[] {
  const [first] = values;
  const other = values.find(({ value }) => typeof value !== typeof first?.value);
  return other === undefined
    ? []
    : [errorAt(other.place, 'these values are of different types', 'quote them all, or none')];
}

const wantedKind: Readonly<Record<ClaimType, string>> = {
  string: 'string',
  int: 'number',
  bool: 'boolean',
  list: 'any',
  object: 'object',
};

const kindNames: Readonly<Record<string, string>> = { string: 'a string', number: 'a number', boolean: 'a bool' };

function checkType(path: string, type: ClaimType, item: Value): Diagnostic[] {
  const { value, place } = item;
  if (type === 'list' || typeof value === wantedKind[type]) return yaml11Word(item);
  const message = `the claim ${quote(path)} is of type ${type}, this is ${kindNames[typeof value]}`;
  return [errorAt(place, message, typeHint(type, item) ?? 'write a value of that type')];
}

function typeHint(type: ClaimType, { value, place }: Value): string | undefined {
  const written = place.source.scalarAt(place.path)?.text ?? String(value);
  if (type === 'string') return `quote it: ${JSON.stringify(written)}`;
  if (type === 'bool') return 'write true or false, without quotes';
  return /^-?[0-9]+$/.test(written) ? `remove the quotes: ${written}` : 'write a whole number, without quotes';
}

/** The Norway problem: plain `no` is a string in YAML 1.2, and `false` to every tool that still reads YAML 1.1. */
function yaml11Word({ value, place }: Value): Diagnostic[] {
  if (typeof value !== 'string' || !/^(y|n|yes|no|on|off)$/i.test(value)) return [];
  if (!place.source.scalarAt(place.path)?.plain) return [];
  return [warningAt(place, `plain ${value} is a bool in YAML 1.1`, `quote it: ${JSON.stringify(value)}`)];
}
