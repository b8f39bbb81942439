// The catalogue of every name that a rule can be `from`. Pure.

import { ownIssuer } from '../../../shared/policy/tenant.ts';
import type { MergedPolicy } from '../schema/merge.ts';
import { type Catalogue, catalogueOf } from './catalogue.ts';
import { issuedCatalogue } from './issued-catalogue.ts';

export type Catalogues = ReadonlyMap<string, Catalogue>;

/** By issuer name, and `self` and `<tenant>/self` for tokens that Cambio issued; not there: what has an unusable profile. */
export function cataloguesOf(policy: MergedPolicy): Catalogues {
  const ofIssuers = policy.issuers.flatMap(({ name, value }) => {
    const catalogue = catalogueOf(value);
    return catalogue === undefined ? [] : [[name, catalogue] as const];
  });
  const issued = issuedCatalogue(policy);
  const tenants = new Set(['', ...policy.files.map(({ source }) => source.tenant)]);
  return new Map([...ofIssuers.reverse(), ...[...tenants].map((tenant) => [ownIssuer(tenant), issued] as const)]);
}
