// `match` of a checked policy as the functions read it: each value told apart from a glob, each claim with its type. Pure.
import type { ClaimMatch, ClaimType, WantedValue } from '../../../shared/policy/compiled-policy.ts';
import { type Catalogue, typeOfClaim } from '../claims/catalogue.ts';
import type { MatchEntry } from '../schema/schema.ts';

type Scalar = string | number | boolean;

export function lowerMatch(catalogue: Catalogue, match: MatchEntry): ClaimMatch[] {
  return Object.entries(match).map(([path, wanted]) => {
    const values = [wanted].flat();
    const type = typeOfClaim(catalogue, path);
    const anyOf = values.map(lowerValue);
    if (type === undefined || type === 'open') return { path, type: typeOfValue(values[0]), open: true, anyOf };
    return { path, type, anyOf };
  });
}

function typeOfValue(value: Scalar | undefined): ClaimType {
  if (typeof value === 'number') return 'int';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

function lowerValue(value: Scalar): WantedValue {
  return typeof value === 'string' && value.includes('*') ? { glob: value } : { equals: value };
}
