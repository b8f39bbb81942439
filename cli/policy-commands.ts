// The commands that need the policy compiler, as one module to load: it is most of the bundle, and nothing else needs it.
export { awsTrustPolicy } from './aws-trust-policy.ts';
export { policyCheck } from './policy-check.ts';
export { policyExplain } from './policy-explain.ts';
export { policyReplay } from './policy-replay.ts';
export { policyTest } from './policy-test.ts';
