// Who calls (RFC 6749 §2.3): at most one method a request. Clients are not configurable yet, so credentials of any kind
// fail as unknown ones do, and a caller without any is anonymous. Pure.
import { Refused } from './denial.ts';
import { type Form, single } from './form.ts';

/** Headers that authenticate or bind the caller. */
export interface CallerHeaders {
  readonly authorization: string | undefined;
  readonly dpop: string | undefined;
}

/**
 * Refuses every caller that presents client credentials, and `client_id` without any: there are no public clients.
 * @throws Refused `client_methods`, `client` or `dpop`
 */
export function requireAnonymous(form: Form, headers: CallerHeaders): void {
  const methods = [
    headers.authorization !== undefined,
    single(form, 'client_secret') !== undefined,
    single(form, 'client_assertion') !== undefined || single(form, 'client_assertion_type') !== undefined,
  ];
  const used = methods.filter(Boolean).length;
  if (used > 1) throw new Refused({ kind: 'client_methods' });
  if (used === 1 || single(form, 'client_id') !== undefined) {
    throw new Refused({ kind: 'client' });
  }
  // A caller that proves a key expects a bound token; a Bearer token instead would be a silent downgrade.
  if (headers.dpop !== undefined) throw new Refused({ kind: 'dpop' });
}
