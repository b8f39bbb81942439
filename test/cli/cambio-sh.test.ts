// cambio.sh as a job runs it: dash and curl, no Node.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CiJobs, ciJobs, secretsOf } from './ci-jobs.ts';
import { type FakeServer, fakeServer, type Reply, unsignedJwt } from './fake-server.ts';

const decision = '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab';
const jobsToken = unsignedJwt({ sub: 'job' });
const issued = unsignedJwt({ jti: 'issued' });
const credentials = {
  ...{ AccessKeyId: 'ASIA1', SecretAccessKey: 'secret/+1', Token: 'session/+=1', Expiration: '2027-01-01T00:00:00Z' },
};
const refusal = { status: 400, body: { error: 'invalid_target', error_description: 'not so', decision_id: decision } };

let jobs: CiJobs;
let cambio: FakeServer;
let answer: Reply | undefined;
beforeAll(async () => {
  jobs = await ciJobs();
  cambio = await fakeServer({
    '/token': () => answer ?? { body: { access_token: issued, token_type: 'Bearer' } },
    '/credentials': () => answer ?? { body: credentials },
    '/revoke': () => answer ?? {},
  });
});
afterAll(() => Promise.all([jobs.close(), cambio.close()]));
beforeEach(() => {
  answer = undefined;
  cambio.received.splice(0);
});

const exchange = 'sh cambio.sh exchange --audience orders-api';
const run = (script: string, environment: Readonly<Record<string, string>> = {}) =>
  jobs.shell.run(`set -e\n${script}`, { CAMBIO_URL: cambio.url, CAMBIO_ID_TOKEN: jobsToken, ...environment });

describe('exchange', () => {
  test('prints the token and nothing else, in one line of a job', async () => {
    const ran = await run(`token=$(${exchange} --scope 'a b')\necho "got \${#token}"`);
    expect(ran).toEqual({ exit: 0, stdout: `got ${issued.length}\n`, stderr: '' });
    expect(Object.fromEntries(cambio.at('/token')[0]?.form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: 'orders-api',
      scope: 'a b',
      subject_token: jobsToken,
    });
    expect((await run('sh cambio.sh exchange --resource https://orders.acme.example/?a=b')).stdout).toBe(`${issued}\n`);
    expect(cambio.at('/token')[1]?.form.get('resource')).toBe('https://orders.acme.example/?a=b');
  });

  test('that is refused says error, description and decision, and ends the job with 1, asking once', async () => {
    answer = refusal;
    const ran = await run(`token=$(${exchange})\necho went on`);
    expect([ran.exit, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toBe(`cambio.sh: refused (400): ${JSON.stringify(refusal.body)}\n`);
    expect(cambio.received.length).toBe(1);
  });

  test('that nobody can serve is tried again, and ends the job with 3', async () => {
    answer = { status: 503, body: { error: 'temporarily_unavailable', decision_id: decision } };
    const ran = await run(exchange);
    expect([ran.exit, ran.stdout, ran.stderr]).toEqual([3, '', expect.stringContaining(`unavailable (503): {`)]);
    expect(ran.stderr).toContain(decision);
    expect(cambio.received.length).toBe(3);
    const nobody = await run(exchange, { CAMBIO_URL: 'http://127.0.0.1:1' });
    expect([nobody.exit, nobody.stderr]).toEqual([3, expect.stringContaining('cambio.sh: unavailable: no answer\n')]);
    let refusals = 2;
    const recovering = await fakeServer({
      '/token': () => (refusals-- > 0 ? { status: 503 } : { body: { access_token: issued } }),
    });
    expect((await run(exchange, { CAMBIO_URL: recovering.url })).stdout).toBe(`${issued}\n`);
    await recovering.close();
  });

  test.each<[string, string, Reply]>([
    ['no token', 'the answer holds no token', { body: {} }],
    ['a token of two lines', 'the answer holds no token', { body: { access_token: 'a\nb' } }],
    ['what would be a command', 'the answer holds no token', { body: { access_token: "$(touch owned)';touch owned" } }],
  ])('an answer with %s ends the job', async (_what, problem, body) => {
    answer = body;
    const ran = await run(exchange);
    expect([ran.exit, ran.stdout, ran.stderr]).toEqual([2, '', `cambio.sh: ${problem}\n`]);
  });

  test('an answer cannot move the cursor of a terminal', async () => {
    answer = { status: 400, body: '{"error":"x\u001b[2J\u0007"}' };
    expect((await run(exchange)).stderr).toBe('cambio.sh: refused (400): {"error":"x[2J"}\n');
  });
});

describe('aws', () => {
  test('prints lines for eval, and sends the token as a header', async () => {
    const { exit, stdout } = await run('eval "$(sh cambio.sh aws --role deploy-prod)"\nenv', { AWS_PROFILE: 'x' });
    expect(exit).toBe(0);
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        'AWS_ACCESS_KEY_ID=ASIA1',
        'AWS_SECRET_ACCESS_KEY=secret/+1',
        'AWS_SESSION_TOKEN=session/+=1',
        'AWS_CREDENTIAL_EXPIRATION=2027-01-01T00:00:00Z',
      ]),
    );
    const [asked] = cambio.at('/credentials');
    expect([asked?.query.get('role'), asked?.headers.authorization]).toEqual(['deploy-prod', `Bearer ${jobsToken}`]);
  });

  test('sets nothing that is no credential', async () => {
    answer = { body: { ...credentials, SecretAccessKey: "x'; touch owned; '" } };
    const ran = await run('sh cambio.sh aws --role deploy-prod');
    expect([ran.exit, ran.stdout, ran.stderr]).toEqual([2, '', 'cambio.sh: the answer holds no credentials\n']);
    answer = { status: 403, body: { code: 'invalid_target', message: 'no', decision_id: decision } };
    expect(await run('sh cambio.sh aws --role x')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining(decision),
    });
  });
});

test('revoke ends the token that is piped in, as the job it was exchanged for', async () => {
  expect(await run(`echo ${issued} | sh cambio.sh revoke`)).toEqual({ exit: 0, stdout: '', stderr: '' });
  expect(Object.fromEntries(cambio.at('/revoke')[0]?.form ?? [])).toEqual({
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: jobsToken,
    token: issued,
  });
  answer = refusal;
  expect((await run(`echo ${issued} | sh cambio.sh revoke`)).exit).toBe(1);
  expect(await run('sh cambio.sh revoke')).toMatchObject({ exit: 2, stderr: expect.stringContaining('pipe in') });
});

/** Where `cambio` looks, and in the same order. */
const found = ['gitlab', 'github-actions', 'kubernetes', 'buildkite', 'circleci'];
/** Where it has to be told. */
const named: Readonly<Record<string, string>> = {
  'hcp-terraform': '--token-env TFC_WORKLOAD_IDENTITY_TOKEN',
  bitbucket: '--token-env BITBUCKET_STEP_OIDC_TOKEN',
  'azure-devops': '--from azure-devops',
  semaphore: '--token-env SEMAPHORE_OIDC_TOKEN',
  spacelift: '--token-env SPACELIFT_OIDC_TOKEN',
  vercel: '--token-env VERCEL_OIDC_TOKEN',
  codefresh: '--token-env ID_TOKEN',
  aws: '--from aws',
  google: '--from google',
  spiffe: '--token-file "$JWT_SVID_FILE"',
};

describe('the token of the job', () => {
  test('is found, or taken from where it is told to be, at every CI system', async () => {
    for (const profile of jobs.profiles) {
      const options = named[profile] ?? '';
      const token = unsignedJwt({ sub: profile });
      const ran = await run(`sh cambio.sh id-token ${options}`, {
        CAMBIO_ID_TOKEN: '',
        ...jobs.environmentOf(profile, token),
      });
      expect({ profile, ...ran }).toEqual({ profile, exit: 0, stdout: token, stderr: '' });
      const none = await run(`sh cambio.sh id-token ${options}`, {
        CAMBIO_ID_TOKEN: '',
        ...jobs.environmentOf(profile, undefined),
      });
      expect({ profile, failed: none.exit > 0, stdout: none.stdout }).toEqual({ profile, failed: true, stdout: '' });
    }
    expect([...found, ...Object.keys(named)].sort()).toEqual([...jobs.profiles].sort());
  });

  test('is looked for in the order of `cambio`, never the one of the cluster', async () => {
    const environments = found.map((profile) => jobs.environmentOf(profile, unsignedJwt({ sub: profile })));
    for (const [index, profile] of found.entries()) {
      const token = unsignedJwt({ sub: profile });
      const environment = Object.assign({}, ...environments.slice(index), jobs.environmentOf(profile, token));
      const { stdout } = await run('sh cambio.sh id-token', { CAMBIO_ID_TOKEN: '', ...environment });
      expect([profile, stdout]).toEqual([profile, token]);
    }
    const text = (await jobs.shell.run('cat cambio.sh')).stdout;
    expect(text).not.toContain('kubernetes.io');
  });

  test('that is none is neither sent nor quoted', async () => {
    for (const token of ['two words', 'a"b', 'a\\b', 'a\nb']) {
      const ran = await run(exchange, { CAMBIO_ID_TOKEN: token });
      expect([ran.exit, ran.stderr]).toEqual([2, 'cambio.sh: CAMBIO_ID_TOKEN holds no token\n']);
    }
    expect(cambio.received).toEqual([]);
  });
});

test.each([
  ['', 'name a command: exchange, aws, id-token or revoke'],
  ['exchange', 'give --audience NAME or --resource URI'],
  ['aws', 'give --role NAME or ARN'],
  ['exchange --audience', '--audience needs a value'],
  ['exchange --audiences x', 'unknown option: --audiences'],
  ['exchange --audience x --url http://cambio.acme.example', 'the URL must be https, or http on loopback'],
  ['exchange --audience x --url http://127.0.0.1.evil.example', 'the URL must be https, or http on loopback'],
  ['exchange --audience x --url https://user:secret@cambio.acme.example', 'the URL is none'],
  ['exchange --audience x --token-env "x;touch owned"', '--token-env takes the name of a variable'],
  ['exchange --audience x --from circle', '--from takes aws, azure-devops or google'],
])('%j is wrong usage: exit 2', async (words, problem) => {
  const ran = await run(`sh cambio.sh ${words}`);
  expect([ran.exit, ran.stdout, ran.stderr]).toEqual([2, '', `cambio.sh: ${problem}\n`]);
});

test('a traced shell, a job that is refused and every command line are without tokens', async () => {
  writeFileSync(join(jobs.shell.folder, '.curlrc'), 'verbose\n');
  const traced = await run('sh -x cambio.sh exchange --audience orders-api > token');
  answer = refusal;
  const refused = await run('sh -x cambio.sh aws --role x');
  for (const secret of secretsOf(jobsToken, issued, 'secret/+1')) {
    expect(traced.stderr + refused.stderr + refused.stdout).not.toContain(secret);
    expect(jobs.shell.curlArguments()).not.toContain(secret);
  }
  expect(jobs.shell.curlArguments()).toContain('audience=orders-api');
  expect(readdirSync(jobs.shell.folder)).not.toContain('owned');
});
