// Somebody of another organisation at an issuer that signs for everybody: all its ids and names are others. Pure.
import { type Claims, claimAt } from '../../../shared/policy/claims.ts';
import { type Tenancy, tenancies } from '../profiles/tenancy.ts';
import type { Holder } from './holder.ts';
import { issuerUrl, sampleToken } from './sample-token.ts';
import type { World } from './world.ts';

/** What nobody's own names and ids hold: where it stands in an owner, the owner is another. */
export const elsewhere = { name: 'elsewhere', id: '987654321' } as const;

export const otherFillers: readonly string[] = [elsewhere.name, elsewhere.id];

/** The stranger at an issuer; undefined where all its tokens are of one organisation. */
export function strangerAt({ policy, now }: World, name: string): Holder | undefined {
  const issuer = policy.issuers[name];
  const tenancy = tenancies.get(issuer?.profile ?? '');
  if (!issuer || !tenancy?.url.test(issuerUrl(issuer))) return undefined;
  return {
    has: othersOf(sampleToken(issuer, now), tenancy),
    canHave: (path, value) => {
      const owner = ownerPattern(tenancy, path);
      return owner === undefined || [value].flat().every((each) => isOfOthers(owner, each));
    },
    fillers: otherFillers,
  };
}

function othersOf(sample: Claims, { owners }: Tenancy): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(owners).flatMap(([path, owner]) => {
      const value = claimAt(sample, path);
      return value === undefined ? [] : [[path, ofOthers(owner, value)] as const];
    }),
  );
}

/** The value with another owner in the place of its own. */
function ofOthers(owner: RegExp, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => ofOthers(owner, each));
  if (typeof value === 'number') return Number(elsewhere.id);
  if (typeof value !== 'string') return value;
  return value.replace(owner, (whole: string, ...groups: readonly unknown[]) => {
    const own = groups.find((group) => typeof group === 'string');
    return typeof own === 'string' ? whole.replace(own, otherName(own)) : whole;
  });
}

function otherName(own: string): string {
  return /^[0-9]+$/.test(own) ? elsewhere.id : elsewhere.name;
}

/** What names no owner at all, anybody can have; an id that is no text is the stranger's own or none. */
function isOfOthers(owner: RegExp, value: unknown): boolean {
  if (value === undefined) return true;
  const named = owner
    .exec(String(value))
    ?.slice(1)
    .find((group) => group !== undefined);
  return named === undefined || otherFillers.some((other) => named.includes(other));
}

function ownerPattern({ owners }: Tenancy, path: string): RegExp | undefined {
  return Object.hasOwn(owners, path) ? owners[path] : undefined;
}
