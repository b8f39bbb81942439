// The CI run that a token belongs to, as a revocation names it. Pure.
import type { ConsoleState } from '../api.ts';
import type { RecordedToken } from './decision-document.ts';

/** `<issuer>|<run id>`; undefined where the issuer's tokens name none, or the record left it out. */
export function runOf(token: RecordedToken | undefined, runs: ConsoleState['runs']): string | undefined {
  const paths = token?.issuer === undefined || !Object.hasOwn(runs, token.issuer) ? undefined : runs[token.issuer];
  if (!token || !paths) return undefined;
  const values = paths.map((path) => claimAt(token.claims, path.split('.')));
  const isWhole = values.every((value) => typeof value === 'string' || typeof value === 'number');
  return isWhole ? `${token.issuer}|${values.join('/')}` : undefined;
}

/** At each level the longest key that exists, as the policy reads claims. */
function claimAt(claims: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return claims;
  if (typeof claims !== 'object' || claims === null) return undefined;
  for (let length = path.length; length > 0; length -= 1) {
    const key = path.slice(0, length).join('.');
    if (Object.hasOwn(claims, key))
      return claimAt((claims as Readonly<Record<string, unknown>>)[key], path.slice(length));
  }
  return undefined;
}
