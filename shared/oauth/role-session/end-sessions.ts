// Ends sessions of revocable roles: writes each role's one inline policy as the table says, whatever it was before. The next run
// repairs one that failed half-way. Pure but for the capabilities.
import type { Role } from '../../policy/compiled-policy.ts';
import type { KnownRevocations } from '../status-list/status-list-token.ts';
import { denialPolicy, type RoleDenials, sessionDenials } from './session-denials.ts';

/** The inline policy of one role. */
export interface RolePolicy {
  /** Its text, or undefined where there is none. */
  readonly read: () => Promise<string | undefined>;
  /** False when the role has no room for it. */
  readonly write: (text: string) => Promise<boolean>;
  /** There need be none. */
  readonly remove: () => Promise<void>;
}

export interface RevokeSessionsCapabilities {
  readonly roles: readonly Role[];
  /** {@link reachingRevocations} */
  readonly reaching: ReadonlyMap<string, ReadonlySet<string>>;
  readonly listRevocations: () => Promise<KnownRevocations>;
  /** Throws when the role's account does not let us in. */
  readonly policyOf: (role: Role) => Promise<RolePolicy>;
}

/** `merged`: the role's own policies left room only for one denial of every session before the last revocation. */
export type PolicyChange = 'unchanged' | 'written' | 'merged' | 'removed';

export type RoleOutcome = { readonly role: Role } & (
  | { readonly change: PolicyChange; readonly denials: number }
  | { readonly error: unknown }
);

/** Every role is tried; what failed is told beside the others. */
export async function revokeSessions(capabilities: RevokeSessionsCapabilities): Promise<readonly RoleOutcome[]> {
  const known = await capabilities.listRevocations();
  return Promise.all(
    capabilities.roles.map(async (role): Promise<RoleOutcome> => {
      const denials = sessionDenials(known, role.name, capabilities.reaching);
      try {
        return { role, change: await apply(await capabilities.policyOf(role), denials), denials: countOf(denials) };
      } catch (error) {
        return { role, error };
      }
    }),
  );
}

function countOf({ tagged, allBefore }: RoleDenials): number {
  return tagged.length + (allBefore === undefined ? 0 : 1);
}

async function apply(policy: RolePolicy, denials: RoleDenials): Promise<PolicyChange> {
  const [wanted, current] = [denialPolicy(denials), await policy.read()];
  if (wanted === current) return 'unchanged';
  if (wanted === undefined) return policy.remove().then(() => 'removed');
  if (await policy.write(wanted)) return 'written';
  const merged = denialPolicy(denials, 0);
  if (merged === undefined || merged === current) return 'unchanged';
  if (await policy.write(merged)) return 'merged';
  throw new Error('the role has no room for the shortest policy');
}
