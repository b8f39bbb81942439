// The kill switch: what an administrator suspends is refused from the next request on, without a deploy. Pure.

/** What can be suspended, each by its name in the policy. */
export const suspendableKinds = ['issuer', 'client', 'rule', 'audience', 'role'] as const;

export interface SuspendableName {
  readonly kind: (typeof suspendableKinds)[number];
  readonly name: string;
}

/** Times are epoch seconds. */
export interface Suspension extends SuspendableName {
  readonly reason: string;
  /** When it ends by itself; absent where somebody has to end it. */
  readonly until?: number | undefined;
  /** When it was made. */
  readonly at: number;
  /** The IAM principal who made it. */
  readonly principal: string;
}

/** Whether a suspension still holds: it ends by the clock, whenever its record is deleted. */
export function holds({ until }: Pick<Suspension, 'until'>, now: number): boolean {
  return until === undefined || until > now;
}

/** Whether any suspension that still holds is of this name. */
export function isSuspended(
  { kind, name }: SuspendableName,
  suspensions: readonly Pick<Suspension, 'kind' | 'name' | 'until'>[],
  now: number,
): boolean {
  return suspensions.some((one) => one.kind === kind && one.name === name && holds(one, now));
}
