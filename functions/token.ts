// POST /token. Wiring only.
import { randomBytes } from 'node:crypto';
import { KMSClient } from '@aws-sdk/client-kms';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createSign } from '../shared/aws/kms.ts';
import { tokenEndpoint } from '../shared/http/token-endpoint.ts';
import { conditionEvaluator } from '../shared/policy/conditions.ts';
import { indexRules } from '../shared/policy/evaluate.ts';
import { endpointParts } from './endpoint-parts.ts';

const { capabilities, options } = endpointParts('token');

export const handler = tokenEndpoint(
  {
    ...capabilities,
    findRules: indexRules(capabilities.policy.rules),
    evaluateCondition: conditionEvaluator(),
    sign: createSign(new KMSClient(clientOptions)),
    newHandle: () => randomBytes(32),
  },
  options,
);
