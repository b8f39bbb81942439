// What to say of a claim path that an issuer's catalogue does not have. Pure.
import { type Catalogue, knownPaths, typeOfClaim } from '../claims/catalogue.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { didYouMean, nearestOf } from '../source/did-you-mean.ts';
import { errorAt, type Place, warningAt } from '../source/place.ts';

/** An unknown claim; or, below an object whose members are known, one that may be misspelt. */
export function claimFinding(path: string, catalogue: Catalogue, place: Place): Diagnostic[] {
  const known = knownPaths(catalogue);
  if (typeOfClaim(catalogue, path) === undefined) {
    return [errorAt(place, `unknown claim ${quote(path)}`, didYouMean(path, known))];
  }
  const nearest = nearestOf(path, known);
  if (nearest === undefined || catalogue.profile?.members === undefined) return [];
  return [warningAt(place, `${quote(path)} is no claim these tokens are known to have`, `did you mean ${nearest}?`)];
}
