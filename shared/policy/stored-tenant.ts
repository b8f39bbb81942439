// Tenants that were put at run time, as they are kept. Types only.
import type { TenantPart } from './tenant-parts.ts';

export interface ListedTenant {
  readonly name: string;
  /** SHA-256 of the tenant's item; hex. */
  readonly hash: string;
  /** What nobody else may have. */
  readonly taken: readonly string[];
}

/** Which tenants there are; each change has the next version. */
export interface TenantList {
  readonly version: number;
  readonly tenants: readonly ListedTenant[];
}

/** Who changed what there is, and when. */
export interface TenantChange {
  /** Epoch seconds. */
  readonly at: number;
  readonly principal: string;
}

/** A tenant as it was put. */
export interface StoredTenant extends TenantChange {
  readonly name: string;
  readonly part: TenantPart;
  readonly yaml: string;
  readonly tests: string;
}
