// Claims as policy sees them: values by path, of the type their catalogue says. Pure.
import type { ClaimType } from './compiled-policy.ts';

/** A claims set; look-ups go through {@link claimAt}, so its prototype does not matter. */
export type Claims = Readonly<Record<string, unknown>>;

export type ScalarClaim = string | number | boolean;

/**
 * The value at a dotted path. A claim name may itself hold dots (`kubernetes.io`), so at each level the longest name
 * that exists is taken.
 */
export function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot);
    if (!Object.hasOwn(claims, name)) continue;
    const inner = claims[name];
    return isClaims(inner) ? claimAt(inner, path.slice(dot + 1)) : undefined;
  }
  return undefined;
}

/**
 * The scalars that may satisfy a match on a claim of `type`: the value itself, or each element of a list. A value of
 * another type gives none. `aud` alone may be a string where a list is declared (RFC 7519 §4.1.3).
 */
export function scalarsOf(value: unknown, type: ClaimType, path: string): readonly ScalarClaim[] {
  if (type === 'string') return typeof value === 'string' ? [value] : [];
  if (type === 'int') return typeof value === 'number' && Number.isSafeInteger(value) ? [value] : [];
  if (type === 'bool') return typeof value === 'boolean' ? [value] : [];
  if (type === 'object') return [];
  if (path === 'aud' && typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter(isScalar) : [];
}

function isScalar(value: unknown): value is ScalarClaim {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** An object, and no list. */
export function isClaims(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
