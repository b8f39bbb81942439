// POST /token. Wiring only.
import { randomBytes, randomInt } from 'node:crypto';
import { createReserveStatus } from '../shared/aws/status-positions.ts';
import { tokenEndpoint } from '../shared/http/token-endpoint.ts';
import { conditionEvaluator } from '../shared/policy/conditions.ts';
import { indexRules } from '../shared/policy/evaluate.ts';
import { endpointParts } from './endpoint-parts.ts';

const { capabilities, options, store } = endpointParts('token');

export const handler = tokenEndpoint(
  {
    ...capabilities,
    findRules: indexRules(capabilities.policy.rules),
    evaluateCondition: conditionEvaluator(),
    reserveStatus: createReserveStatus({ ...store, now: capabilities.now, randomInt }),
    newHandle: () => randomBytes(32),
  },
  options,
);
