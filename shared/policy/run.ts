// The CI run a foreign token belongs to, by its issuer's profile. Pure.
import { type Claims, claimAt } from './claims.ts';

/** The values at the paths, joined; undefined where the profile has no run, or this token none of it. */
export function runOf(paths: readonly string[] | undefined, claims: Claims): string | undefined {
  const values = (paths ?? []).map((path) => claimAt(claims, path));
  const named = values.every((value) => (typeof value === 'string' && value !== '') || typeof value === 'number');
  return values.length > 0 && named ? values.join('/') : undefined;
}
