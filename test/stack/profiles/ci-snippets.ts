// docs/ci.md as a job runs it: each vendor's snippet and the exchange after it, in sh without Node, against the running
// local stack with an issuer of every profile.
import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalStack } from '../../../infra/local/stack.ts';
import { type CiJobs, ciJobs } from '../../cli/ci-jobs.ts';
import { type FakeRoles, fakeRoles, refusedRole } from '../../cli/fake-roles.ts';
import { type FakeServer, fakeServer } from '../../cli/fake-server.ts';
import { find } from '../../cli/plain-shell.ts';
import { snippetOf } from '../../cli/snippets.ts';
import { profileCases } from '../../infra/policy/profiles/every-profile.ts';
import { installed } from '../../installed.ts';
import { profilesStack } from './stack.ts';

let stack: LocalStack;
let jobs: CiJobs;
beforeAll(async () => {
  [stack, jobs] = await Promise.all([profilesStack(), ciJobs()]);
});
afterAll(() => jobs.close());

const start = snippetOf('ci.md', '1. The token', 'sh');
const exchange = snippetOf('ci.md', '2. A token for a service', 'sh');
const print = 'printf %s "$token"';

test('every profile has its snippet', () => {
  expect([...jobs.profiles].sort()).toEqual(Object.keys(profileCases).sort());
});

describe.each(Object.keys(profileCases))('%s', (profile) => {
  const job = async (token: string) => {
    const script = `set -e\n${start}\n${snippetOf('ci.md', profile, 'sh')}\n${exchange}\n${print}`;
    return jobs.shell.run(script, { CAMBIO_URL: stack.url, ...jobs.environmentOf(profile, token) });
  };

  test('a job gets a token with curl alone, and none with another’s claims', async () => {
    const { exit, stdout, stderr } = await job(await stack.tokenFor(profile));
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    const claims = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ iss: stack.url, aud: 'orders-api', client_id: profile });

    const refused = await job(await stack.tokenFor(profile, profileCases[profile]?.other ?? {}));
    expect([refused.exit, refused.stdout]).toEqual([1, '']);
    expect(JSON.parse(refused.stderr.slice(refused.stderr.indexOf('{')))).toMatchObject({
      error: 'invalid_target',
      decision_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});

test('a job revokes the token it got with curl alone, and nobody else’s', async () => {
  const job = await stack.tokenFor('gitlab');
  const got = `set -e\n${start}\n${snippetOf('ci.md', 'gitlab', 'sh')}\n${exchange}`;
  const revocation = snippetOf('ci.md', '4. The end of the job', 'sh');
  const other = await stack.tokenFor('gitlab', { pipeline_id: '1' });
  const others = await jobs.shell.run(`${got}\nprintf %s "$OTHER" > "$token_file"\n${revocation}`, {
    CAMBIO_URL: stack.url,
    CAMBIO_ID_TOKEN: job,
    OTHER: other,
  });
  expect([others.exit, others.stderr]).toEqual([1, expect.stringContaining('"error":"invalid_request"')]);
  const own = await jobs.shell.run(`${got}\n${revocation}`, { CAMBIO_URL: stack.url, CAMBIO_ID_TOKEN: job });
  expect([own.exit, own.stderr]).toEqual([0, '']);
});

test('the shell they ran in has no Node', async () => {
  const { exit, stderr } = await jobs.shell.run('node --version');
  expect([exit, stderr]).toEqual([127, expect.stringContaining('not found')]);
});

test('the snippets leave the token in a file of the job’s user', async () => {
  const script = `${start}\n${snippetOf('ci.md', 'gitlab', 'sh')}\necho "$token_file"`;
  const { stdout } = await jobs.shell.run(script, { CAMBIO_ID_TOKEN: 'token' });
  expect(statSync(stdout.trim()).mode & 0o777).toBe(0o600);
  expect(readFileSync(stdout.trim(), 'utf8')).toBe('token');
});

const hasAws = installed('aws', 'the AWS CLI with Cambio as its container provider');

describe.skipIf(!hasAws)(`the AWS CLI${hasAws ? '' : ' (NOT INSTALLED, SKIPPED)'}`, () => {
  let roles: FakeRoles;
  let sts: FakeServer;
  beforeAll(async () => {
    roles = await fakeRoles();
    const body =
      '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
    sts = await fakeServer({ '/': { headers: { 'content-type': 'text/xml' }, body } });
  });
  afterAll(() => Promise.all([roles.server.close(), sts.close()]));

  test('gets the role’s credentials by two variables, whatever others the job has, and tells a refusal', async () => {
    const script = `set -e\n${start}\n${snippetOf('ci.md', 'gitlab', 'sh')}\n${snippetOf('ci.md', '3. AWS credentials', 'sh')}`;
    const environment = {
      PATH: process.env['PATH'] ?? '',
      CAMBIO_URL: roles.server.url,
      CAMBIO_ID_TOKEN: await stack.tokenFor('gitlab'),
      AWS_ACCESS_KEY_ID: 'AKIAOTHER',
      AWS_SECRET_ACCESS_KEY: 'other',
      AWS_PROFILE: 'other',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_STS: sts.url,
      HOME: process.env['HOME'] ?? '',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
    const run = () => jobs.shell.run(script.replace(/^aws /m, `${find('aws')} `), environment);
    const { exit, stdout, stderr } = await run();
    expect([exit, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ Account: '111122223333' });
    expect(sts.received[0]?.headers.authorization).toContain('Credential=ASIA1/');
    expect(roles.server.received[0]?.query.get('role')).toBe('deploy-prod');
    roles.failure = refusedRole;
    const refused = await run();
    expect([refused.exit > 0, refused.stdout]).toEqual([true, '']);
    expect(refused.stderr).toContain((refusedRole.body as { decision_id: string }).decision_id);
  });
});
