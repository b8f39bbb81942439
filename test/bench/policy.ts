// Cost of a decision against the number of rules in the policy, where the question's issuer and target always have ten; and of
// `cambio policy check` of so many rules, of one target and of many: npm run bench:policy
import { compilePolicyFiles } from '../../infra/policy/compile-policy.ts';
import { hasErrors } from '../../infra/policy/source/diagnostic.ts';
import { createConditionEvaluator } from '../../shared/policy/cel.ts';
import type { NamedCondition, PolicyRule } from '../../shared/policy/compiled-policy.ts';
import { evaluatePolicy, indexRules, type PolicyQuestion } from '../../shared/policy/evaluate.ts';

const sizes = [10, 1_000, 10_000];
const rulesPerTarget = 10;
const decisions = 2_000;
const rounds = 20;

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

function decider(size: number, when: readonly NamedCondition[]): () => void {
  const findRules = indexRules(makeRules(size, when));
  const evaluateCondition = createConditionEvaluator();
  return () => {
    const { outcome } = evaluatePolicy(findRules, question, evaluateCondition);
    if (outcome !== 'granted') throw new Error('the question is not granted');
  };
}

function microsecondsPerDecision(decide: () => void): number {
  const start = process.hrtime.bigint();
  for (let decision = 0; decision < decisions; decision += 1) decide();
  return Number(process.hrtime.bigint() - start) / 1_000 / decisions;
}

/** The best of several rounds in turn, so that neither a warm-up nor a busy machine favours one size. */
function measure(when: readonly NamedCondition[]): readonly number[] {
  const deciders = sizes.map((size) => decider(size, when));
  const results = Array.from({ length: rounds }, () => deciders.map(microsecondsPerDecision));
  return sizes.map((_, index) => Math.min(...results.map((round) => round[index] ?? Number.POSITIVE_INFINITY)));
}

for (const [title, when] of [
  ['match alone', []],
  ['match and when', [hasMfa]],
] as const) {
  const costs = measure(when);
  for (const [index, cost] of costs.entries()) {
    const ratio = cost / (costs[0] ?? cost);
    console.log(
      `${title.padEnd(16)}${String(sizes[index]).padStart(6)} rules  ${cost.toFixed(1).padStart(6)} µs  ×${ratio.toFixed(2)}`,
    );
  }
}

/** A rule for each repository, with audiences for so many of them each. */
function policyText(size: number, targets: number): string {
  const rules = Array.from(
    { length: size },
    (_, index) => `  - id: rule-${index}
    from: github
    match: { sub: "repo:acme@1/app-${index}@${index}:*", repository_id: "${index}", ref: refs/heads/main }
    grant: { audience: api-${index % targets}, scopes: [orders:read] }
`,
  );
  const audiences = Array.from({ length: targets }, (_, index) => `  api-${index}: { scopes: [orders:read] }\n`);
  return `version: 1
issuers:
  github: { url: "https://token.actions.githubusercontent.com", audience: "https://sts.acme.example", claims: github-actions }
audiences:
${audiences.join('')}rules:
${rules.join('')}`;
}

console.log('policy check, in process');
for (const [title, targetsOf] of [
  ['one target', () => 1],
  ['ten rules each', (size: number) => size / rulesPerTarget],
] as const) {
  for (const size of sizes.slice(1)) {
    const text = policyText(size, targetsOf(size));
    const before = process.cpuUsage();
    const start = performance.now();
    const { diagnostics } = compilePolicyFiles([{ path: 'policy.yaml', text }], { urlsComeLater: true, advice: true });
    const wall = (performance.now() - start) / 1_000;
    const { user, system } = process.cpuUsage(before);
    if (hasErrors(diagnostics)) throw new Error(diagnostics[0]?.message);
    const cpu = (user + system) / 1_000_000;
    console.log(`${title.padEnd(16)}${String(size).padStart(6)} rules  ${wall.toFixed(2)} s, CPU ${cpu.toFixed(2)} s`);
  }
}
