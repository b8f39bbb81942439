// The policy check of a pull request, in a checkout as a runner makes it: a newest commit alone, whose base is fetched.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runAction } from '../github-runner.ts';
import { snippetOf } from '../snippets.ts';
import { action } from './action.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-pull-request-'));
const [origin, workspace] = ['origin', 'workspace'].map((name) => join(folder, name)) as [string, string];
const check = join(action, 'policy-check');
const git = (cwd: string, ...words: readonly string[]): string =>
  execFileSync(
    'git',
    ['-c', 'user.name=x', '-c', 'user.email=x@acme.example', '-c', 'commit.gpgsign=false', ...words],
    {
      ...{ cwd, encoding: 'utf8' },
    },
  ).trim();

const policy = `version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions }
audiences:
  orders-api: { scopes: [read, write] }
rules:
  - id: main
    from: github
    match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }
    grant: { audience: orders-api, scopes: [read] }
`;
const tests = `version: 1
tests:
  - name: main reads
    issuer: github
    claims: { sub: "x", repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }
    request: { audience: orders-api }
    expect: { allow: true, rule: main }
`;
let base = '';
beforeAll(() => {
  mkdirSync(join(origin, 'policy'), { recursive: true });
  git(origin, 'init', '-q', '-b', 'main');
  // As GitHub serves it.
  git(origin, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  writeFileSync(join(origin, 'policy/policy.yaml'), policy);
  writeFileSync(join(origin, 'policy/policy.test.yaml'), tests);
  symlinkSync('/etc/passwd', join(origin, 'policy/secret.yaml.txt'));
  git(origin, 'add', '.');
  git(origin, 'commit', '-qm', 'base');
  base = git(origin, 'rev-parse', 'HEAD');
  git(origin, 'commit', '-qm', 'newer', '--allow-empty');
  git(folder, 'clone', '-q', '--depth', '1', `file://${origin}`, workspace);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function checked(changed: string, inputs: Readonly<Record<string, string>> = {}, event: unknown = {}) {
  writeFileSync(join(workspace, 'policy/policy.yaml'), changed);
  const file = join(folder, 'event.json');
  writeFileSync(file, JSON.stringify(event));
  const environment = {
    ...{ PATH: process.env['PATH'] ?? '', HOME: folder, RUNNER_TEMP: folder },
    ...{ GITHUB_WORKSPACE: workspace, GITHUB_EVENT_PATH: file },
  };
  return (await runAction(check, inputs, environment)).main;
}

const pullRequest = () => ({ pull_request: { base: { sha: base } } });
const wider = policy.replace('ref: refs/heads/main', 'ref: refs/heads/*');
const narrower = policy.replace('scopes: [read] }', 'scopes: [write] }');

test('a pull request that lets others in says who, with a token that shows it, and fails where that is chosen', async () => {
  const { exit, errors, outputs, summary } = await checked(wider, { 'fail-on': 'gain' }, pullRequest());
  expect([exit, errors]).toEqual([1, [expect.stringMatching(/^gain: 1/)]]);
  expect(outputs).toEqual({ errors: '0', warnings: expect.any(String), gains: '1', losses: '0' });
  expect(summary).toContain('### Who gains');
  expect(summary).toMatch(/"ref": "refs\/heads\/(?!main")/);
  git(workspace, 'checkout', '-q', '.');
  expect(git(workspace, 'status', '--porcelain')).toBe('');
});

test('what recorded decisions would become is told, and who loses', async () => {
  const audit = join(folder, 'audit.jsonl');
  const claims = { sub: 'x', repository_owner_id: '1', repository_id: '456789', ref: 'refs/heads/main' };
  const decision = {
    ...{ decision_id: '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab', at: 1_795_000_000, outcome: 'granted', rule: 'main' },
    request: { audiences: ['orders-api'], resources: [], scope: 'read' },
    subject: { issuer: 'github', sub: 'x', claims },
  };
  writeFileSync(audit, JSON.stringify(decision));
  const { exit, outputs, summary, errors } = await checked(narrower, { audit }, pullRequest());
  // Unless told otherwise, errors alone fail the job.
  expect([exit, errors]).toEqual([0, []]);
  expect(Number(outputs['losses'])).toBeGreaterThan(1);
  expect(summary).toContain('### Who loses');
  expect(summary).toContain('now refused: <code>');
});

test('a policy that is wrong is an annotation at its place, whose text cannot speak to the runner', async () => {
  const injected = policy.replace('  orders-api:', '  "x\\n::warning::owned\\n<b>`":');
  const { exit, errors, warnings, summary, log } = await checked(injected, { 'fail-on': 'never' }, pullRequest());
  expect([exit, warnings.filter((text) => text === 'owned')]).toEqual([0, []]);
  expect(errors.length).toBeGreaterThan(0);
  expect(log).toContain('policy/policy.yaml:');
  expect(summary).not.toContain('<b>');
  const failing = await checked(policy.replace('"456789"', '"1"'), {}, pullRequest());
  expect([failing.exit, failing.errors[0]]).toEqual([1, expect.stringContaining('main reads')]);
});

test('without a base there is nothing to compare with; a base that cannot be had is no silence', async () => {
  expect(await checked(policy, { 'fail-on': 'loss' })).toMatchObject({ exit: 0, outputs: { gains: '0' } });
  const gone = await checked(policy, { base: '--output=x', 'fail-on': 'gain' });
  expect([gone.exit, gone.summary]).toEqual([1, expect.stringContaining('What cannot be told')]);
});

test('a policy without tests is an error that is told', async () => {
  const lone = join(workspace, 'lone.yaml');
  writeFileSync(lone, policy);
  const { exit, outputs, summary } = await checked(policy, { policy: 'lone.yaml' });
  rmSync(lone);
  expect([exit, outputs['errors'], summary]).toEqual([1, '1', expect.stringContaining('there are no tests')]);
});

test.each([
  ['fail-on is error, gain, loss, warning or never', { 'fail-on': 'all' }],
  ['there is no policy at --version', { policy: '--version' }],
  ['there is no file nowhere', { audit: 'nowhere' }],
])('%s', async (problem, inputs) => {
  expect(await checked(policy, inputs)).toMatchObject({ exit: 1, errors: [problem] });
});

test('the example of the documentation uses inputs there are', () => {
  const example = parse(snippetOf('ci.md', 'Policy check', 'yaml')) as { steps: { with?: object }[] };
  const declared = parse(readFileSync(join(check, 'action.yml'), 'utf8')) as { inputs: object };
  const used = example.steps.flatMap((step) => Object.keys(step.with ?? {}));
  expect(Object.keys(declared.inputs)).toEqual(expect.arrayContaining(used));
});
