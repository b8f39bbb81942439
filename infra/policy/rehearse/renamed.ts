// Whoever took a name that was given up: the same names, other ids. Pure.
import { profiles } from '../profiles/registry.ts';
import type { Holder } from './holder.ts';
import { elsewhere, otherFillers } from './stranger.ts';
import type { World } from './world.ts';

/** GitHub writes ids into `sub`, each behind an `@`. */
const idsInside = /@[0-9]+/g;

/** Another owner who has taken over the names at an issuer; undefined where no id stands behind a name. */
export function renamedAt({ policy }: World, name: string): Holder | undefined {
  const profile = profiles.get(policy.issuers[name]?.profile ?? '');
  const ids = new Set(Object.values(profile?.immutable ?? {}));
  if (!profile || ids.size === 0) return undefined;
  const isOther = (value: unknown) => [value].flat().every((each) => String(each).includes(elsewhere.id));
  return {
    has: Object.fromEntries([...ids].map((path) => [path, otherId(profile.claims[path] ?? profile.members?.[path])])),
    canHave: (path, value) =>
      ids.has(path) ? value === undefined || isOther(value) : path !== 'sub' || withOtherIds(value),
    fillers: otherFillers,
  };
}

function otherId(type: string | undefined): string | number {
  return type === 'int' ? Number(elsewhere.id) : elsewhere.id;
}

function withOtherIds(sub: unknown): boolean {
  return (String(sub).match(idsInside) ?? []).every((id) => id.includes(elsewhere.id));
}
