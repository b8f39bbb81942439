// docs/ci.md as a job runs it: each vendor's snippet and the exchange after it, in sh without Node, against the running
// local stack with an issuer of every profile.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalStack } from '../../../infra/local/stack.ts';
import { type FakeRoles, fakeRoles } from '../../cli/fake-roles.ts';
import { type FakeServer, fakeServer } from '../../cli/fake-server.ts';
import { find, type PlainShell, plainShell } from '../../cli/plain-shell.ts';
import { snippetOf } from '../../cli/snippets.ts';
import { profileCases } from '../../infra/policy/profiles/every-profile.ts';
import { installed } from '../../installed.ts';
import { profilesStack } from './stack.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-ci-'));
const audience = 'https://sts.acme.example';
let stack: LocalStack;
let shell: PlainShell;
/** What vendors serve to jobs over HTTP: the token, when it is asked for as they want to be asked. */
let vendor: FakeServer;
let current = '';
beforeAll(async () => {
  stack = await profilesStack();
  shell = plainShell();
  const bearer = { authorization: 'Bearer request-token' };
  vendor = await fakeServer({
    '/github': ({ headers, query }) =>
      headers.authorization === bearer.authorization && query.get('audience') === audience
        ? { body: { count: 1, value: current } }
        : { status: 403 },
    '/azure': ({ method, headers, query }) =>
      method === 'POST' && headers.authorization === bearer.authorization && query.get('api-version') === '7.1'
        ? { body: { oidcToken: current } }
        : { status: 403 },
    '/computeMetadata/v1/instance/service-accounts/default/identity': ({ headers, query }) =>
      headers['metadata-flavor'] === 'Google' && query.get('audience') === audience && query.get('format') === 'full'
        ? { body: current }
        : { status: 403 },
  });
  program(
    'buildkite-agent',
    '[ "$1 $2 $3 $4" = "oidc request-token --audience https://sts.acme.example" ] && echo "$VENDOR_TOKEN"',
  );
  program('aws', '[ "$2 $4" = "get-web-identity-token https://sts.acme.example" ] && echo "$VENDOR_TOKEN"');
});
afterAll(async () => {
  shell.close();
  await vendor.close();
  rmSync(folder, { recursive: true });
});

/** A program of the vendor, played by a script. */
function program(name: string, script: string): void {
  writeFileSync(join(shell.folder, name), `#!${join(shell.folder, 'sh')}\n${script}\n`);
  chmodSync(join(shell.folder, name), 0o755);
}

/** What a job of this vendor finds in its environment. */
const environments: Readonly<Record<string, (token: string) => Readonly<Record<string, string>>>> = {
  'github-actions': () => ({
    ACTIONS_ID_TOKEN_REQUEST_URL: `${vendor.url}/github?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  }),
  gitlab: (token) => ({ CAMBIO_ID_TOKEN: token }),
  circleci: (token) => ({ CIRCLE_OIDC_TOKEN_V2: token }),
  buildkite: (token) => ({ VENDOR_TOKEN: token }),
  'hcp-terraform': (token) => ({ TFC_WORKLOAD_IDENTITY_TOKEN: token }),
  kubernetes: (token) => ({ CAMBIO_TOKEN_FILE: fileOf(token) }),
  bitbucket: (token) => ({ BITBUCKET_STEP_OIDC_TOKEN: token }),
  'azure-devops': () => ({ SYSTEM_OIDCREQUESTURI: `${vendor.url}/azure`, SYSTEM_ACCESSTOKEN: 'request-token' }),
  semaphore: (token) => ({ SEMAPHORE_OIDC_TOKEN: token }),
  spacelift: (token) => ({ SPACELIFT_OIDC_TOKEN: token }),
  vercel: (token) => ({ VERCEL_OIDC_TOKEN: token }),
  codefresh: (token) => ({ ID_TOKEN: token }),
  aws: (token) => ({ VENDOR_TOKEN: token }),
  google: () => ({ GCE_METADATA_HOST: new URL(vendor.url).host }),
  spiffe: (token) => ({ JWT_SVID_FILE: fileOf(token) }),
};

function fileOf(token: string): string {
  const file = join(folder, 'projected');
  writeFileSync(file, token);
  return file;
}

const start = snippetOf('ci.md', '1. The token', 'sh');
const exchange = snippetOf('ci.md', '2. A token for a service', 'sh');

test('every profile has its snippet', () => {
  expect(Object.keys(environments).sort()).toEqual(Object.keys(profileCases).sort());
});

describe.each(Object.keys(environments))('%s', (profile) => {
  const job = async (token: string, exchanging = exchange) => {
    current = token;
    const script = `set -e\n${start}\n${snippetOf('ci.md', profile, 'sh')}\n${exchanging}`;
    const environment = environments[profile]?.(token) ?? {};
    return shell.run(script, { CAMBIO_URL: stack.url, CAMBIO_TOKEN_AUDIENCE: audience, ...environment });
  };

  test('a job gets a token with curl alone, and none with another’s claims', async () => {
    const { exit, stdout, stderr } = await job(await stack.tokenFor(profile));
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    const claims = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ iss: stack.url, aud: 'orders-api', client_id: profile });

    const whole = exchange.replace(/ \|\n {2}sed .*\n$/, '\n');
    const refused = await job(await stack.tokenFor(profile, profileCases[profile]?.other ?? {}), whole);
    expect([refused.exit, JSON.parse(refused.stdout)]).toMatchObject([22, { error: 'invalid_target' }]);
  });
});

test('a job revokes the token it got with curl alone, and nobody else’s', async () => {
  const job = await stack.tokenFor('gitlab');
  const got = `set -e\n${start}\n${snippetOf('ci.md', 'gitlab', 'sh')}\ntoken=$(${exchange})`;
  const revocation = snippetOf('ci.md', '4. The end of the job', 'sh');
  const other = await stack.tokenFor('gitlab', { pipeline_id: '1' });
  const others = await shell.run(`${got}\nprintf %s "$OTHER" > "$token_file"\n${revocation}`, {
    CAMBIO_URL: stack.url,
    CAMBIO_ID_TOKEN: job,
    OTHER: other,
  });
  expect([others.exit, JSON.parse(others.stdout)]).toMatchObject([22, { error: 'invalid_request' }]);
  const own = await shell.run(`${got}\n${revocation}`, { CAMBIO_URL: stack.url, CAMBIO_ID_TOKEN: job });
  expect([own.exit, own.stderr]).toEqual([0, '']);
});

test('the shell they ran in has no Node', async () => {
  const { exit, stderr } = await shell.run('node --version');
  expect([exit, stderr]).toEqual([127, expect.stringContaining('not found')]);
});

test('the snippets leave the token in a file of the job’s user, and in no command line', async () => {
  const script = `${start}\n${snippetOf('ci.md', 'gitlab', 'sh')}\necho "$token_file"`;
  const { stdout } = await shell.run(script, { CAMBIO_ID_TOKEN: 'token' });
  expect(statSync(stdout.trim()).mode & 0o777).toBe(0o600);
  expect(readFileSync(stdout.trim(), 'utf8')).toBe('token');
  expect(exchange).toContain('"subject_token@$token_file"');
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

  test('gets the role’s credentials by two variables, whatever others the job has', async () => {
    const script = `${start}\n${snippetOf('ci.md', 'gitlab', 'sh')}\n${snippetOf('ci.md', '3. AWS credentials', 'sh')}`;
    const { exit, stdout, stderr } = await shell.run(script.replace(/^aws /m, `${find('aws')} `), {
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
    });
    expect([exit, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ Account: '111122223333' });
    expect(sts.received[0]?.headers.authorization).toContain('Credential=ASIA1/');
    expect(roles.server.received[0]?.query.get('role')).toBe('deploy-prod');
  });
});
