// Issuers on private networks, where nothing of the deployment is on one. Pure.
import type { MergedPolicy } from '../schema/merge.ts';
import type { Diagnostic } from '../source/diagnostic.ts';
import { below, errorAt } from '../source/place.ts';

/** @param vpc undefined where nobody can tell: the checks alone see no deployment */
export function checkNetworks({ issuers }: MergedPolicy, vpc: boolean | undefined): readonly Diagnostic[] {
  if (vpc !== false) return [];
  const hint = 'without cdk code: -c vpcId=… -c subnetIds=… -c availabilityZones=…';
  return issuers
    .filter(({ value }) => value.network === 'private')
    .map(({ place }) =>
      errorAt(below(place, 'network'), "an issuer with network: private needs the construct's vpc", hint),
    );
}
