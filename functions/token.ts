// POST /token and GET /credentials. Wiring only.
import { randomBytes, randomInt } from 'node:crypto';
import { createCallSts } from '../shared/aws/clients.ts';
import { createQuotas } from '../shared/aws/quotas/quotas.ts';
import { createProofs } from '../shared/aws/records/proofs.ts';
import { statusReserve } from '../shared/aws/records/statuses.ts';
import { assumeRoles } from '../shared/aws/roles.ts';
import { uncountedGrants } from '../shared/http/budget.ts';
import { byResource } from '../shared/http/by-resource.ts';
import { credentialsEndpoint } from '../shared/http/endpoints/credentials.ts';
import { tokenEndpoint } from '../shared/http/endpoints/token.ts';
import type { CompiledPolicy } from '../shared/policy/compiled-policy.ts';
import { conditionEvaluator } from '../shared/policy/condition-evaluator.ts';
import { indexRules } from '../shared/policy/evaluate.ts';
import { callOptions, clock, configured, endpointParts, now, servedBy } from './wiring.ts';

const { config, capabilities: shared, options, store } = await endpointParts('token');
const { signatureBudget, sessionBudget } = configured('signatureBudget', 'sessionBudget');
const { heeding, withLeases, ...counting } = await createQuotas({
  policy: shared.policy,
  rates: { kms: signatureBudget, sts: sessionBudget },
  store: { ...store, clock, random: Math.random },
  mayPass: uncountedGrants(options.clock),
});
const constant = {
  ...shared,
  ...counting,
  ...configured('apiBase', 'mtlsBase'),
  sign: heeding(shared.sign),
  recordDecision: withLeases(shared.recordDecision),
  ...createProofs({ ...store, now, newNonce: () => randomBytes(16).toString('base64url') }),
  evaluateCondition: await conditionEvaluator(shared.policy),
  assumeRole: heeding(assumeRoles(await createCallSts(callOptions(config)))),
  reserveStatus: await statusReserve(shared.policy, { ...store, now, randomInt }),
  newHandle: () => randomBytes(32),
};

function serve(policy: CompiledPolicy, unavailable?: unknown) {
  const capabilities = { ...constant, policy, findRules: indexRules(policy.rules) };
  const parts = { ...options, unavailable };
  return byResource({
    '/token': tokenEndpoint(capabilities, parts),
    '/credentials': credentialsEndpoint(capabilities, parts),
  });
}

export const handler = await servedBy(
  { policy: shared.policy, config, write: options.write },
  { by: serve, without: (error) => serve(shared.policy, error) },
);
