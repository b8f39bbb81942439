// Claims sets with one claim changed, addressed as policy addresses it. Pure.
import { type Claims, isClaims } from '../../../shared/policy/claims.ts';

/** The claims with a value at a path, where `claimAt` finds it; `undefined` takes the claim away. */
export function withClaim(claims: Claims, path: string, value: unknown): Claims {
  const owner = Object.hasOwn(claims, path) ? undefined : ownerOf(claims, path);
  if (owner === undefined) return changed(claims, path, value);
  const inner = claims[owner];
  return { ...claims, [owner]: withClaim(isClaims(inner) ? inner : {}, path.slice(owner.length + 1), value) };
}

function changed(claims: Claims, name: string, value: unknown): Claims {
  if (value !== undefined) return { ...claims, [name]: value };
  if (!Object.hasOwn(claims, name)) return claims;
  return Object.fromEntries(Object.entries(claims).filter(([other]) => other !== name));
}

/** The longest name along the path that is there. */
function ownerOf(claims: Claims, path: string): string | undefined {
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    if (Object.hasOwn(claims, path.slice(0, dot))) return path.slice(0, dot);
  }
  return undefined;
}
