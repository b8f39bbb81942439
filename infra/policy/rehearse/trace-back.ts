// What a later hop wants of our own token, said of the token it was made from. Pure.

import type { ClaimMatch, Template, WantedValue } from '../../../shared/policy/compiled-policy.ts';
import { isOwnIssuer } from '../../../shared/policy/tenant.ts';
import { declaredType } from './sample-token.ts';
import type { Allow, World } from './world.ts';

/** A claim of an own token as made from one claim of its subject token, between two texts. */
export interface Origin {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  /** It is that claim, whatever its type. */
  readonly whole: boolean;
}

/** Where a claim of the token comes from that a rule grants; undefined: from no one claim. */
export function originOf({ policy }: World, { from, grant }: Allow, path: string): Origin | undefined {
  if ('role' in grant) return undefined;
  if (path === 'sub') {
    if (isOwnIssuer(from)) return { path, before: '', after: '', whole: true };
    return ofTemplate(policy.issuers[from]?.subject ?? [`${from}|`, { claim: 'sub' }]);
  }
  const dot = Object.hasOwn(grant.claims, path) ? path.length : path.indexOf('.');
  const name = dot < 0 ? path : path.slice(0, dot);
  const template = Object.hasOwn(grant.claims, name) ? grant.claims[name] : undefined;
  const origin = template && ofTemplate(template);
  return origin && { ...origin, path: `${origin.path}${path.slice(name.length)}` };
}

function ofTemplate(template: Template): Origin | undefined {
  const [reference, ...others] = template.flatMap((part) => (typeof part === 'string' ? [] : [part.claim]));
  if (reference === undefined || others.length > 0) return undefined;
  const at = template.findIndex((part) => typeof part !== 'string');
  const [before, after] = [template.slice(0, at).join(''), template.slice(at + 1).join('')];
  return { path: reference, before, after, whole: template.length === 1 };
}

/** The same wish, for the claim it comes from; undefined where it says nothing of that alone. */
export function wishBefore(world: World, rule: Allow, wish: ClaimMatch): ClaimMatch | undefined {
  const origin = originOf(world, rule, wish.path);
  if (!origin) return undefined;
  if (origin.whole) return { ...wish, path: origin.path };
  const issuer = world.policy.issuers[rule.from];
  const isNumber = issuer !== undefined && declaredType(issuer, origin.path) === 'int';
  const anyOf = wish.anyOf.flatMap((wanted) => inner(wanted, origin, isNumber));
  return anyOf.length === 0 ? undefined : { path: origin.path, type: isNumber ? 'int' : 'string', anyOf };
}

function inner(wanted: WantedValue, { before, after }: Origin, isNumber: boolean): readonly WantedValue[] {
  const text = unwrap(String('glob' in wanted ? wanted.glob : wanted.equals), before, after);
  if (text === undefined) return [];
  if ('glob' in wanted) return isNumber ? [] : [{ glob: text }];
  return [{ equals: isNumber ? Number(text) : text }];
}

/** What of a text stands between two others. */
export function unwrap(text: string, before: string, after: string): string | undefined {
  const fits = text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
  return fits ? text.slice(before.length, text.length - after.length) : undefined;
}
