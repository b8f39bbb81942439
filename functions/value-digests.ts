// The custom resource that tells CloudFormation the digests of the values it fills in at deploy. Wiring only.
import { customResource } from '../shared/aws/custom-resource.ts';
import { digestsOf } from '../shared/aws/value-digests.ts';

export const handler = customResource('cambio-values', async ({ Values }) => digestsOf(Values));
