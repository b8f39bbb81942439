// POST /introspect. Wiring only.
import { KMSClient } from '@aws-sdk/client-kms';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createSign } from '../shared/aws/kms.ts';
import { introspectionEndpoint } from '../shared/http/introspection-endpoint.ts';
import { endpointParts } from './endpoint-parts.ts';

const { capabilities, options } = endpointParts('introspect');

export const handler = introspectionEndpoint(
  { ...capabilities, sign: createSign(new KMSClient(clientOptions)) },
  options,
);
