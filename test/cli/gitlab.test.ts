// The GitLab component as a runner runs it: inputs put in, before_script, script and after_script in sh without Node.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { type FakeServer, fakeServer, type Reply, unsignedJwt } from './fake-server.ts';
import { type PlainShell, plainShell } from './plain-shell.ts';
import { snippetOf } from './snippets.ts';

const component = readFileSync(join(import.meta.dirname, '../../cli/gitlab/templates/cambio.yml'), 'utf8');
const [header, template = ''] = component.split(/^---$/m);
const { inputs: declared } = (parse(header ?? '') as { spec: { inputs: Record<string, { default?: string }> } }).spec;

interface Job {
  readonly id_tokens: { readonly CAMBIO_ID_TOKEN: { readonly aud: string } };
  readonly variables: Readonly<Record<string, string>>;
  readonly before_script: readonly string[];
  readonly after_script: readonly string[];
}

/** The hidden job with its inputs put in, as GitLab does before it reads the YAML. */
function jobOf(inputs: Readonly<Record<string, string>>): Job {
  const text = template.replace(/\$\[\[ inputs\.([\w-]+) \]\]/g, (_all, name: string) => {
    const value = inputs[name] ?? declared[name]?.default;
    if (value === undefined) throw new Error(`the input ${name} is missing`);
    return value === '' ? '""' : value;
  });
  return (parse(text) as { '.cambio': Job })['.cambio'];
}

let shell: PlainShell;
let cambio: FakeServer;
let token: Reply;
const issued = unsignedJwt({ jti: 'issued' });
beforeAll(() => {
  shell = plainShell();
});
afterAll(() => shell.close());
beforeEach(async () => {
  token = { body: { access_token: issued, token_type: 'Bearer' } };
  cambio = await fakeServer({ '/token': () => token, '/revoke': {} });
});
afterEach(() => cambio.close());

/** Runs a job: its two scripts are two shells, and GitLab stops the first at the first line that fails. */
async function run(inputs: Readonly<Record<string, string>>, script: string) {
  const job = jobOf({ url: cambio.url, 'token-audience': 'https://sts.acme.example', ...inputs });
  const project = join(shell.folder, `project-${Math.random()}`);
  mkdirSync(project);
  const idToken = unsignedJwt({ aud: job.id_tokens.CAMBIO_ID_TOKEN.aud });
  const environment = {
    ...job.variables,
    CAMBIO_ID_TOKEN: idToken,
    CI_PROJECT_DIR: project,
    CI_JOB_ID: '4711',
    AWS_ACCESS_KEY_ID: 'other',
  };
  const main = await shell.run(['set -e', ...job.before_script, script].join('\n'), environment);
  const inProject = readdirSync(project);
  const after = await shell.run(job.after_script.join('\n'), environment);
  const left = readdirSync(shell.folder).filter((name) => name.startsWith('cambio-'));
  return { main, after, idToken, inProject, left };
}

describe('an audience', () => {
  test('gives CAMBIO_TOKEN to the script, and it is revoked afterwards', async () => {
    const { main, after, idToken, ...files } = await run({ audience: 'orders-api' }, 'printf %s "$CAMBIO_TOKEN"');
    expect(main).toEqual({ exit: 0, stdout: issued, stderr: '' });
    expect(Object.fromEntries(cambio.at('/token')[0]?.form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: 'orders-api',
      subject_token: idToken,
    });
    expect([after.exit, files]).toEqual([0, { inProject: [], left: [] }]);
    expect(Object.fromEntries(cambio.at('/revoke')[0]?.form ?? [])).toEqual({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: idToken,
      token: issued,
    });
  });

  test('that is refused ends the job before its script, with what the server said', async () => {
    token = { status: 400, body: { error: 'invalid_target', decision_id: 'x' } };
    const { main, after, idToken, left } = await run({ audience: 'orders-api' }, 'echo ran');
    expect([main.exit, main.stdout]).toEqual([1, '']);
    expect(main.stderr).toContain('{"error":"invalid_target","decision_id":"x"}');
    expect(main.stderr).not.toContain(idToken);
    expect([after.exit, cambio.at('/revoke'), left]).toEqual([0, [], []]);
  });

  test('whose answer holds no token ends the job before its script', async () => {
    token = { body: {} };
    const { main, left } = await run({ audience: 'orders-api' }, 'echo ran');
    expect([main, left]).toEqual([{ exit: 1, stdout: '', stderr: 'cambio: the answer holds no token\n' }, []]);
  });

  test('leaves its tokens out of every command line', async () => {
    const { main, idToken } = await run({ audience: 'orders-api' }, 'printf %s "$cambio_folder"');
    expect(main.stdout).toContain(join(shell.folder, 'cambio-4711.'));
    for (const secret of [idToken, issued]) expect(shell.curlArguments()).not.toContain(secret);
    expect(shell.curlArguments()).toContain('audience=orders-api');
  });
});

test('a role gives the AWS SDKs of the script an address to ask, and no other credentials', async () => {
  const script =
    'cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"; echo " $AWS_CONTAINER_CREDENTIALS_FULL_URI ${AWS_ACCESS_KEY_ID-unset}"';
  const { main, idToken } = await run({ role: 'deploy-prod' }, script);
  expect(main).toEqual({
    exit: 0,
    stdout: `${idToken} ${cambio.url}/credentials?role=deploy-prod unset\n`,
    stderr: '',
  });
  expect(cambio.received).toEqual([]);
});

test('the audience of the token is an input, and has to be given', () => {
  expect(jobOf({ url: 'u', 'token-audience': 'https://a.example' }).id_tokens.CAMBIO_ID_TOKEN.aud).toBe(
    'https://a.example',
  );
  expect(() => jobOf({ url: 'u' })).toThrow('token-audience is missing');
});

test('the example of the documentation gives inputs there are', () => {
  const example = parse(snippetOf('ci.md', 'GitLab component', 'yaml')) as {
    include: { inputs: object }[];
    deploy: { extends: string };
  };
  expect(Object.keys(declared)).toEqual(expect.arrayContaining(Object.keys(example.include[0]?.inputs ?? {})));
  expect(example.deploy.extends).toBe('.cambio');
  expect(parseAllDocuments(component).length).toBe(2);
});
