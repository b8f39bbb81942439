// Which claims every token of an issuer carries: the others a token may lack, and be judged without. Pure.
import type { Catalogue } from './catalogue.ts';

/** A token without one of these is refused whatever policy says. */
const required = ['iss', 'sub', 'aud', 'exp'];

/** Whether a token cannot lack this claim path; a `claims` map does not say which claims are always there. */
export function isAlwaysCarried(catalogue: Catalogue, path: string): boolean {
  const { claims, profile, always = [] } = catalogue;
  if (required.includes(path) || always.includes(path)) return true;
  if (profile === undefined) return false;
  const { optional = [], members = {} } = profile;
  const declared = Object.hasOwn(claims, path) || Object.hasOwn(members, path);
  return declared && !optional.some((claim) => isWithin(path, claim));
}

function isWithin(path: string, claim: string): boolean {
  return path === claim || path.startsWith(`${claim}.`);
}
