// Tenants that were put at run time, as they are kept. Pure.
import type { TenantPart } from './tenant-parts.ts';

export interface ListedTenant {
  readonly name: string;
  /** SHA-256 of the tenant's item; hex. */
  readonly hash: string;
  /** What nobody else may have. */
  readonly taken: readonly string[];
}

/** Which tenants there are; each change has a later version. */
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

/** Of the list that takes the place of another: its time, so that one which is put where there is none is later than all before. */
export function nextVersion({ version }: TenantList, { at }: TenantChange): number {
  return Math.max(version + 1, at);
}

/** A tenant as it was put. */
export interface StoredTenant extends TenantChange {
  readonly name: string;
  /** Of this one request: what is put again is another item, with another hash. */
  readonly id: string;
  /** {@link partFormat} of who compiled it. */
  readonly format: number;
  readonly part: TenantPart;
  readonly yaml: string;
  readonly tests: string;
}
