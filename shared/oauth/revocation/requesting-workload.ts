// The workloads that asked for a transaction token: `req_wl` (draft-ietf-oauth-transaction-tokens §9). Pure.
import type { Claims } from '../../policy/claims.ts';

/** Between the workloads; no name of a client or an issuer holds it. */
export const workloadSeparator = ',';

/** The workload that asked for this token, of all those that asked for it and for those it replaces. */
export function requestingWorkload(claims: Claims): string {
  return String(claims['req_wl']).split(workloadSeparator).at(-1) ?? '';
}
