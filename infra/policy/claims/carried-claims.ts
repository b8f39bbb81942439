// Which claims every token of an issuer carries: the others a token may lack, and be judged without. Pure.
import { type Catalogue, registeredClaims } from './catalogue.ts';

/** A token without one of these is refused whatever policy says. */
const required = ['iss', 'sub', 'aud', 'exp'];

/** Whether a token cannot lack this claim path; a `claims` map, or `more` beside a profile, does not say which claims are always there. */
export function isAlwaysCarried(catalogue: Catalogue, path: string): boolean {
  const { profile, always = [] } = catalogue;
  if (required.includes(path) || always.includes(path)) return true;
  if (profile === undefined) return false;
  const { optional = [], members = {} } = profile;
  const declared = [profile.claims, members, registeredClaims].some((known) => Object.hasOwn(known, path));
  return declared && !optional.some((claim) => isWithin(path, claim));
}

function isWithin(path: string, claim: string): boolean {
  return path === claim || path.startsWith(`${claim}.`);
}
