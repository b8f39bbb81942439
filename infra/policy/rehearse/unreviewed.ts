// A run of code that nobody has reviewed, in a place that is otherwise the author's own. Pure.
import type { RunClaim, Shape, UnreviewedRun } from '../profiles/unreviewed-runs.ts';
import { anyHolder, type Holder } from './holder.ts';

const holders = new WeakMap<UnreviewedRun, Holder>();

/** Whose token such a run has. */
export function holderOfRun(run: UnreviewedRun): Holder {
  const holder = holders.get(run) ?? makeHolder(run);
  holders.set(run, holder);
  return holder;
}

function makeHolder({ only, also = {} }: UnreviewedRun): Holder {
  const claims = { ...also, ...only };
  const has = Object.entries(claims).map(([path, claim]) => [path, exampleOf(claim)] as const);
  return {
    has: Object.fromEntries(has),
    canHave: (path, value) => {
      const claim = Object.hasOwn(claims, path) ? claims[path] : undefined;
      return claim === undefined || fitsRun(claim, value);
    },
    fillers: anyHolder.fillers,
  };
}

/** Whether a value of a claim is such a run's. */
export function fitsRun(claim: RunClaim, value: unknown): boolean {
  if (claim === null) return value === undefined;
  return isShape(claim) ? typeof value === 'string' && claim.shape.test(value) : value === claim;
}

function exampleOf(claim: RunClaim): unknown {
  if (claim === null) return undefined;
  return isShape(claim) ? claim.like : claim;
}

function isShape(claim: RunClaim): claim is Shape {
  return typeof claim === 'object' && claim !== null;
}
