// Cost of a decision against the number of rules in the policy: where the question's issuer and target always have ten, and
// where all rules are of one target; there also of a whole exchange, in process, its record and log line made and thrown away; and
// of `cambio policy check` of so many rules, of one target and of many:
// npm run bench:policy
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { compilePolicyFiles } from '../../infra/policy/compile-policy.ts';
import { hasErrors } from '../../infra/policy/source/diagnostic.ts';
import { createRecordDecision } from '../../shared/aws/records/decision-records.ts';
import { tokenEndpoint } from '../../shared/http/endpoints/token.ts';
import { createLog } from '../../shared/http/log.ts';
import { createConditionEvaluator } from '../../shared/policy/cel.ts';
import type { AllowRule, NamedCondition, PolicyRule } from '../../shared/policy/compiled-policy.ts';
import { evaluatePolicy, indexRules, type PolicyQuestion } from '../../shared/policy/evaluate.ts';
import { formBody, makeWorld, policy } from '../world.ts';

const rulesPerTarget = 10;
const rounds = 12;

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

/** Rules of one issuer and target, each for another branch; the last one grants. */
function rulesOfOneTarget(size: number): readonly AllowRule[] {
  const [granting] = policy.rules as readonly AllowRule[];
  if (!granting) throw new Error('the policy has no rule');
  const others = Array.from({ length: size - 1 }, (_, index): AllowRule => {
    const match = [{ path: 'ref', type: 'string', anyOf: [{ equals: `refs/heads/branch-${index}` }] }] as const;
    return { ...granting, id: `rule-${index}`, match };
  });
  return [...others, granting];
}

const branch = { ref: 'refs/heads/main', sub: 'repo:acme@1/api@456789:ref:refs/heads/main' };

function deciderOfOneTarget(size: number): () => void {
  const findRules = indexRules(rulesOfOneTarget(size));
  const asked = { ...question, issuer: 'github', audience: 'orders-api', claims: branch };
  return () => {
    if (evaluatePolicy(findRules, asked).outcome !== 'granted') throw new Error('the question is not granted');
  };
}

const requestContext = { requestId: 'request-1', identity: { sourceIp: '192.0.2.1' } };
const headers = { 'Content-Type': ['application/x-www-form-urlencoded'] };
const request = { body: formBody(), multiValueHeaders: headers, isBase64Encoded: false, requestContext };

function exchanger(size: number): () => Promise<void> {
  const { cambio, newId } = makeWorld({}, { ...policy, rules: rulesOfOneTarget(size) });
  const recordDecision = createRecordDecision(
    async (_operation, input) => void JSON.stringify(input) as never,
    'records',
  );
  const write = createLog({
    name: 'token',
    clock: Date.now,
    traceHeader: () => undefined,
    print: () => {},
  });
  const handler = tokenEndpoint({ ...cambio, recordDecision }, { write, newId, clock: Date.now });
  return async () => {
    const { statusCode } = await handler({ ...request } as unknown as APIGatewayProxyEvent as never, {} as Context);
    if (statusCode !== 200) throw new Error(`an exchange was answered with ${statusCode}`);
  };
}

/** Of CPU: the machine may be busy. */
async function microsecondsEach(times: number, work: () => void | Promise<void>): Promise<number> {
  const start = process.cpuUsage();
  for (let time = 0; time < times; time += 1) await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / times;
}

/** The best of several rounds in turn, so that neither a warm-up nor a busy machine favours one size. */
async function measure(works: readonly (() => void | Promise<void>)[], times: number): Promise<readonly number[]> {
  const best = works.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, work] of works.entries()) {
      best[index] = Math.min(best[index] ?? 0, await microsecondsEach(times, work));
    }
  }
  return best;
}

function print(title: string, sizes: readonly number[], costs: readonly number[]): void {
  for (const [index, cost] of costs.entries()) {
    const ratio = cost / (costs[0] ?? cost);
    console.log(
      `${title.padEnd(26)}${String(sizes[index]).padStart(6)} rules  ${cost.toFixed(1).padStart(6)} µs  ×${ratio.toFixed(2)}`,
    );
  }
}

const ofTen = [10, 1_000, 10_000];
for (const [title, when] of [
  ['match alone', []],
  ['match and when', [hasMfa]],
] as const) {
  print(
    title,
    ofTen,
    await measure(
      ofTen.map((size) => decider(size, when)),
      2_000,
    ),
  );
}
const ofOne = [1, 50, 1_000, 10_000];
print('one target, decision', ofOne, await measure(ofOne.map(deciderOfOneTarget), 200));
print('one target, exchange', ofOne, await measure(ofOne.map(exchanger), 100));

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
  for (const size of ofTen.slice(1)) {
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
