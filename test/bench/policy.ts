// Cost of a decision against the number of rules in the policy, where the question's issuer and target always have ten:
// npm run bench:policy
import { createConditionEvaluator } from '../../shared/policy/cel.ts';
import type { NamedCondition, PolicyRule } from '../../shared/policy/compiled-policy.ts';
import { evaluatePolicy, indexRules, type PolicyQuestion } from '../../shared/policy/evaluate.ts';

const sizes = [10, 1_000, 10_000];
const rulesPerTarget = 10;
const decisions = 20_000;

const question: PolicyQuestion = {
  issuer: 'issuer-0',
  claims: {
    sub: 'repo:acme@1/api@456789:ref:refs/heads/main',
    repository_id: '456789',
    ref: 'refs/heads/main',
    environment: 'team-9',
    amr: ['mfa'],
  },
  audience: 'audience-0',
  client: '',
  request: { scopes: [], audiences: ['audience-0'], resources: [] },
  now: 1_800_000_000,
};

const hasMfa: NamedCondition = { name: 'mfa', expression: '"mfa" in claims.amr' };

/** Ten rules for each of `size / 10` issuers and targets; of each ten the last grants. */
function makeRules(size: number, when: readonly NamedCondition[]): readonly PolicyRule[] {
  return Array.from({ length: size }, (_, index) => {
    const group = Math.floor(index / rulesPerTarget);
    return {
      id: `rule-${index}`,
      from: `issuer-${group}`,
      match: [
        { path: 'repository_id', type: 'string', anyOf: [{ equals: '456789' }] },
        { path: 'ref', type: 'string', anyOf: [{ glob: 'refs/heads/*' }] },
        { path: 'environment', type: 'string', anyOf: [{ equals: `team-${index % rulesPerTarget}` }] },
      ],
      ...(when.length > 0 && { when }),
      grant: { audience: `audience-${group}`, scopes: [], claims: {}, ttl: 300 },
    };
  });
}

function microsecondsPerDecision(size: number, when: readonly NamedCondition[]): number {
  const findRules = indexRules(makeRules(size, when));
  const evaluateCondition = createConditionEvaluator();
  const decide = () => evaluatePolicy(findRules, question, evaluateCondition);
  if (decide().outcome !== 'granted') throw new Error('the question is not granted');
  for (let warmUp = 0; warmUp < decisions / 10; warmUp += 1) decide();
  const start = process.hrtime.bigint();
  for (let decision = 0; decision < decisions; decision += 1) decide();
  return Number(process.hrtime.bigint() - start) / 1_000 / decisions;
}

for (const [title, when] of [
  ['match alone', []],
  ['match and when', [hasMfa]],
] as const) {
  const smallest = microsecondsPerDecision(sizes[0] ?? 0, when);
  for (const size of sizes) {
    const cost = microsecondsPerDecision(size, when);
    console.log(
      `${title.padEnd(16)}${String(size).padStart(6)} rules  ${cost.toFixed(1).padStart(6)} µs  ×${(cost / smallest).toFixed(2)}`,
    );
  }
}
