// The catalogue of every name that a rule can be `from`. Pure.

import type { MergedPolicy } from '../schema/merge.ts';
import { type Catalogue, catalogueOf } from './catalogue.ts';
import { issuedCatalogue } from './issued-catalogue.ts';

export type Catalogues = ReadonlyMap<string, Catalogue>;

/** By issuer name, and `self` for tokens that Cambio issued; not there: what has an unusable profile. */
export function cataloguesOf(policy: MergedPolicy): Catalogues {
  const ofIssuers = policy.issuers.flatMap(({ name, value }) => {
    const catalogue = catalogueOf(value);
    return catalogue === undefined ? [] : [[name, catalogue] as const];
  });
  return new Map([...ofIssuers.reverse(), ['self', issuedCatalogue(policy)]]);
}
