// Every block of the steps of docs/ci.md, and those of a section together, by `sh -e`: what is refused ends the job, and is told.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CiJobs, ciJobs, secretsOf } from './ci-jobs.ts';
import { type FakeServer, fakeServer, type Reply, unsignedJwt } from './fake-server.ts';
import { allSnippets } from './snippets.ts';

const decision = '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab';
const jobsToken = unsignedJwt({ sub: 'job' });
const issued = unsignedJwt({ jti: 'issued' });
// Steps are numbered. What else is shown there is for a job that has the action, or the command.
const blocks = allSnippets('ci.md', 'sh').filter(({ section }) => /^\d\. /.test(section));
const codeOf = (name: string): string =>
  blocks
    .filter(({ heading }) => heading === name)
    .map(({ code }) => code)
    .join('');
const start = codeOf('1. The token');
const ofVendors = blocks.filter(({ section, heading }) => section === '1. The token' && heading !== section);
const ofCambio = blocks.filter(({ section }) => section !== '1. The token');

let jobs: CiJobs;
let cambio: FakeServer;
let refuses = false;
beforeAll(async () => {
  jobs = await ciJobs();
  const refusal = (body: object): Reply => ({ status: 400, body: { ...body, decision_id: decision } });
  const unless =
    (body: object, code = 'error') =>
    () =>
      refuses ? refusal({ [code]: 'invalid_target' }) : { body };
  cambio = await fakeServer({
    '/token': unless({ access_token: issued, token_type: 'Bearer' }),
    '/credentials': unless({ AccessKeyId: 'ASIA1' }, 'code'),
    '/revoke': unless({}),
  });
});
afterAll(() => Promise.all([jobs.close(), cambio.close()]));
beforeEach(() => {
  refuses = false;
  cambio.received.splice(0);
});

/** `sh -e`, with what the blocks before would have left. */
function run(script: string, environment: Readonly<Record<string, string>> = {}) {
  const file = join(jobs.shell.folder, 'id-token');
  writeFileSync(file, jobsToken);
  return jobs.shell.run(`set -e\n${script}`, {
    CAMBIO_URL: cambio.url,
    CAMBIO_ID_TOKEN: jobsToken,
    token_file: file,
    token: issued,
    ...environment,
  });
}

test('the document has these blocks', () => {
  expect(ofVendors.map(({ heading }) => heading)).toEqual(jobs.profiles);
  expect(ofCambio.map(({ heading }) => heading)).toEqual([
    '2. A token for a service',
    '3. AWS credentials',
    '4. The end of the job',
  ]);
});

describe.each(ofCambio)('$heading', ({ code }) => {
  test('a refusal ends the job and says its decision; a grant is silent about the token', async () => {
    refuses = true;
    const refused = await run(`${code}\necho went on`);
    expect(refused.exit).toBeGreaterThan(0);
    expect(refused.stdout + refused.stderr).toContain(decision);
    expect(refused.stdout).not.toContain('went on');
    refuses = false;
    const granted = await run(`${code}\necho went on`);
    expect([granted.exit, granted.stderr]).toEqual([0, '']);
    expect(granted.stdout).toContain('went on');
    expect(granted.stdout).not.toContain(issued);
  });

  test('a server that does not answer, or answers something else, ends the job', async () => {
    expect((await run(code, { CAMBIO_URL: 'http://127.0.0.1:1' })).exit).toBeGreaterThan(0);
    expect((await run(code)).exit).toBe(0);
  });
});

test('an answer that holds no token ends the job', async () => {
  const other = await fakeServer({ '/token': { body: {} } });
  const { exit, stdout } = await run(`${codeOf('2. A token for a service')}\necho went on`, { CAMBIO_URL: other.url });
  await other.close();
  expect([exit, stdout]).toEqual([2, '']);
});

describe.each(ofVendors)('a job of $heading', ({ heading, code }) => {
  const rest = ofCambio.map(({ code }) => code).join('');
  const whole = `${start}${code}${rest}\necho "at the end"`;

  test('that gets no token from its CI system ends there', async () => {
    for (const script of [code, whole]) {
      const environment = { CAMBIO_ID_TOKEN: '', ...jobs.environmentOf(heading, undefined) };
      const { exit, stdout } = await run(script, environment);
      expect([exit > 0, stdout, cambio.received]).toEqual([true, '', []]);
    }
    expect((await run(code, jobs.environmentOf(heading, jobsToken))).exit).toBe(0);
  });

  test('that is refused by the policy ends there, and one that is not goes to its end', async () => {
    refuses = true;
    const environment = jobs.environmentOf(heading, jobsToken);
    const refused = await run(whole, environment);
    expect([refused.exit, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain(decision);
    expect(cambio.received.map(({ path }) => path)).toEqual(['/token']);

    refuses = false;
    cambio.received.splice(0);
    const granted = await run(whole, environment);
    expect([granted.exit, granted.stderr, granted.stdout.endsWith('at the end\n')]).toEqual([0, '', true]);
    expect(cambio.at('/token')[0]?.form.get('subject_token')).toBe(jobsToken);
    expect(cambio.at('/credentials')[0]?.headers.authorization).toBe(jobsToken);
    const { client_assertion, token } = Object.fromEntries(cambio.at('/revoke')[0]?.form ?? []);
    expect([client_assertion, token]).toEqual([jobsToken, issued]);
  });
});

test('all blocks of a section together do what each does', async () => {
  for (const section of new Set(blocks.map((block) => block.section))) {
    const script = blocks.flatMap((block) => (block.section === section ? [block.code] : [])).join('');
    const every = Object.assign({}, ...jobs.profiles.map((profile) => jobs.environmentOf(profile, jobsToken)));
    const { exit, stderr } = await run(script, every);
    expect([section, exit, stderr]).toEqual([section, 0, '']);
    refuses = true;
    const none = Object.assign({}, ...jobs.profiles.map((profile) => jobs.environmentOf(profile, undefined)));
    expect([section, (await run(script, none)).exit > 0]).toEqual([section, true]);
    refuses = false;
  }
});

test('no command line held a token: others on the machine can read it', () => {
  expect(jobs.shell.curlArguments()).toContain(`${cambio.url}/token`);
  for (const secret of secretsOf(jobsToken, issued)) expect(jobs.shell.curlArguments()).not.toContain(secret);
});
