// What an administrator or a deployment changed, as an event of the trail: OCSF Entity Management. Revocations, suspensions, the
// keyring, and every kind of item that comes later. Pure.
import { baseEvent, type Occurrence, type OcsfEvent, severities } from './ocsf.ts';

const activities = { create: [1, 'Create'], update: [3, 'Update'] } as const;

export interface ChangeFact {
  readonly kind: 'change';
  readonly activity: keyof typeof activities;
  /** What it is of: `revocation`, `suspension`, `keyring`, or as the item's key has it. */
  readonly type: string;
  readonly name: string;
  /** Epoch seconds; absent where the item does not say. */
  readonly at?: number | undefined;
  /** Who did it, as it is kept. */
  readonly principal?: string | undefined;
  /** Why, in their words. */
  readonly reason?: string | undefined;
  /** What it is now; nothing secret. */
  readonly data: Readonly<Record<string, unknown>>;
}

export function changeEvent(fact: ChangeFact, seen: Occurrence): OcsfEvent {
  const { activity, type, name, at, principal, reason, data } = fact;
  const time = at === undefined ? seen.loggedAt : at * 1_000;
  return {
    ...baseEvent({
      ...{ ...seen, of: 'entityManagement', time },
      ...{ activity: activities[activity], severity: severities.informational },
    }),
    status_id: 1,
    status: 'Success',
    actor: principal === undefined ? { app_name: 'Cambio' } : { user: { uid: principal } },
    ...(reason !== undefined && { comment: reason }),
    entity: { type, uid: `${type}#${name}`, name, data },
    unmapped: { sequence: seen.sequence },
  };
}
