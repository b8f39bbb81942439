import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { choices } from '../../../cli/choices.ts';
import { commands } from '../../../cli/command-table.ts';
import { ciSystems } from '../../../cli/policy/init-systems.ts';
import { compilePolicy } from '../../../infra/policy/compile-policy.ts';
import { cambio, cambioIn } from '../cambio.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-init-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const [one, two, three] = ['1', '2', '3'].map((digit) => `${digit.repeat(8)}-7c3d-4a98-b1f0-52d9c8e7a643`) as [
  string,
  string,
  string,
];

/** What each has to be told, and where its job has its lines of `sh`. */
const systems: Readonly<Record<string, { readonly given: readonly string[]; readonly lines: string }>> = {
  'github-actions': { given: ['--organization', '1', '--repository', '456789'], lines: 'jobs.deploy.steps.1.run' },
  gitlab: { given: ['--organization', '72', '--repository', '20'], lines: 'deploy.script' },
  circleci: {
    given: ['--organization', one, '--repository', two, '--origin', 'github.com/acme/api'],
    lines: 'jobs.deploy.steps.1.run',
  },
  buildkite: { given: ['--organization', one, '--repository', two], lines: 'steps.0.commands' },
  bitbucket: {
    given: ['--organization', 'acme', '--repository', one, '--environment', two],
    lines: 'pipelines.branches.main.0.step.script',
  },
  'azure-devops': {
    given: ['--organization', one, '--project', two, '--repository', '7'],
    lines: 'steps.0.bash',
  },
  semaphore: { given: ['--organization', 'acme', '--repository', three], lines: 'blocks.0.task.jobs.0.commands' },
};

/** The lines of `sh` of a job. Of `$$` Buildkite makes `$` when it reads the pipeline; `checkout` is Semaphore's own. */
function scriptOf(ci: string, text: string): string {
  const found = (systems[ci]?.lines ?? '')
    .split('.')
    .reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>>)[key], parse(text));
  return [found as string | string[]]
    .flat()
    .filter((line) => line !== 'checkout')
    .map((line) => (ci === 'buildkite' ? line.replaceAll('$$', '$') : line))
    .join('\n');
}

const general = [
  ...['--role', 'arn:aws:iam::111122223333:role/ci/Deploy-Prod', '--url', 'https://cambio.acme.example'],
  ...['--token-audience', 'https://sts.acme.example'],
];
const init = (ci: string, ...more: string[]) =>
  cambio('init', folder, '--ci', ci, ...(systems[ci]?.given ?? []), ...general, ...more);

test('every system is here, offered and documented by its options', () => {
  expect(Object.keys(systems)).toEqual(Object.keys(ciSystems));
  expect(choices['ci']).toEqual(Object.keys(ciSystems));
  const asked = Object.values(ciSystems).flatMap(({ questions }) => questions.map(({ option }) => option));
  expect(Object.keys(commands['init']?.options ?? {})).toEqual(expect.arrayContaining(asked));
});

describe.each(Object.keys(systems))('cambio init --ci %s', (ci) => {
  const { file } = ciSystems[ci] ?? expect.fail();

  test('writes a policy without a warning, whose tests pass, and a job', async () => {
    const { exit, stdout, stderr } = await init(ci);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    for (const written of ['policy/policy.yaml', 'policy/policy.test.yaml', file])
      expect(stdout).toContain(`wrote ${join(folder, written)}\n`);
    expect(stdout).toMatch(/^ok: [3-5] tests passed$/m);
    const { artifact, diagnostics } = compilePolicy(join(folder, 'policy'), { advice: true });
    expect(diagnostics).toEqual([]);
    expect(artifact?.roles).toMatchObject({ 'deploy-prod': { arn: general[1] } });
  });

  test('its job ends where it is refused, and has credentials where it is not', async () => {
    await init(ci);
    const lines = scriptOf(ci, readFileSync(join(folder, file), 'utf8'));
    const run = (answer: string) => {
      writeFileSync(join(folder, 'cambio.sh'), answer);
      for (const name of ['aws', 'buildkite-agent'])
        writeFileSync(join(folder, name), '#!/bin/sh\necho "$0 $AWS_ACCESS_KEY_ID"\n', { mode: 0o755 });
      const env = { PATH: `${folder}${delimiter}${process.env['PATH']}`, TMPDIR: folder };
      return spawnSync('sh', ['-e', '-c', lines], { cwd: folder, env, encoding: 'utf8' });
    };
    const refused = run('echo refused >&2; exit 1');
    expect([refused.status, refused.stdout]).toEqual([1, '']);
    const granted = run('echo "$*" > said; echo export AWS_ACCESS_KEY_ID=ASIA');
    expect([granted.status, granted.stdout]).toEqual([0, `${join(folder, 'aws')} ASIA\n`]);
    expect(readFileSync(join(folder, 'said'), 'utf8')).toMatch(/^aws --role deploy-prod\b/);
  });

  test('writes over nothing: beside a job that is there, and not at all where a policy is', async () => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), 'mine');
    const first = await init(ci);
    expect(first).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining(`put the job of cambio-job.yaml into ${file}`),
    });
    rmSync(join(folder, 'cambio-job.yaml'));
    const again = await init(ci);
    expect(again).toMatchObject({ exit: 1, stdout: '', stderr: expect.stringContaining('is there already; nothing') });
    expect([readFileSync(join(folder, file), 'utf8'), existsSync(join(folder, 'cambio-job.yaml'))]).toEqual([
      'mine',
      false,
    ]);
  });
});

describe('cambio init', () => {
  test('asks on a terminal for what was not given, again where the answer is none', async () => {
    const answers = ['gitlab', 'my-group', '72', '20', '', '', 'arn:aws:iam::111122223333:role/d'];
    const asked: string[] = [];
    const ask = async (question: string) => {
      asked.push(question);
      return answers.shift();
    };
    const { exit, stderr } = await cambioIn({ ask }, 'init', folder, ...general.slice(2));
    expect({ exit, stderr, asked: asked.length }).toEqual({ exit: 0, stderr: '', asked: 7 });
    expect(asked[2]).toMatch(/^that is none: a number/);
    expect(readFileSync(join(folder, 'policy/policy.yaml'), 'utf8')).toContain('"namespace_id": "72"');
  });

  test('says where nobody can be asked all that is missing, and how it is found', async () => {
    const { exit, stdout, stderr } = await cambio('init', folder, '--ci', 'github-actions');
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    for (const option of ['organization', 'repository', 'role', 'url', 'token-audience'])
      expect(stderr).toMatch(new RegExp(`^  --${option}: .+`, 'm'));
    expect(stderr).toContain('gh api repos/OWNER/NAME --jq .id');
    expect((await cambio('init', folder)).stderr).toContain('init needs --ci: one of github-actions, gitlab');
    expect((await init('github-actions')).exit).toBe(0);
  });

  test.each([
    ['github-actions', '--repository', 'acme/api', '--repository is the id of the repository: a number: gh api'],
    ['github-actions', '--branch', 'ma*n', '--branch is the branch that deploys'],
    ['github-actions', '--role', 'arn:aws:iam::1:user/x', '--role is the ARN of the AWS role'],
    ['github-actions', '--url', 'http://cambio.acme.example', '--url is the URL of Cambio'],
    ['gitlab', '--token-audience', 'https://a"\n- x', '--token-audience is the audience'],
    ['circleci', '--origin', 'acme/api', '--origin is where the repository is'],
    ['gitlba', '--branch', 'main', 'did you mean gitlab?'],
  ])('of %s refuses %s %s', async (ci, option, value, problem) => {
    const { exit, stderr } = await init(ci, option, value);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(problem)]);
    expect(existsSync(join(folder, 'policy'))).toBe(false);
  });
});
