// The commands that need the policy compiler, as one module to load: it is most of the bundle, and nothing else needs it.
export { awsTrustPolicy } from './aws-trust-policy.ts';
export { policyCheck } from './check.ts';
export { policyDiff } from './diff.ts';
export { policyEnds } from './ends.ts';
export { policyExplain } from './explain.ts';
export { init } from './init.ts';
export { policyNewTenant } from './new-tenant.ts';
export { openPolicy } from './policy-view.ts';
export { policyReach } from './reach.ts';
export { policyReplay } from './replay.ts';
export { policyTest } from './test.ts';
