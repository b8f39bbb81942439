// The GitLab component as a runner runs it: inputs put in, before_script, script and after_script in sh without Node.
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { installed } from '../installed.ts';
import { type FakeServer, fakeServer, type Reply, unsignedJwt } from './fake-server.ts';
import { find, type PlainShell, plainShell } from './plain-shell.ts';
import { snippetOf } from './snippets.ts';

const component = readFileSync(join(import.meta.dirname, '../../cli/gitlab/templates/cambio.yml'), 'utf8');
const [header, template = ''] = component.split(/^---$/m);
const { inputs: declared } = (
  parse(header ?? '') as { spec: { inputs: Record<string, { default?: string | boolean }> } }
).spec;

const hasOpenssl = installed('openssl', 'proofs of possession of the GitLab component');

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
    return value === '' ? '""' : String(value);
  });
  return (parse(text) as { '.cambio': Job })['.cambio'];
}

let shell: PlainShell;
let cambio: FakeServer;
let token: Reply | (() => Reply);
const issued = unsignedJwt({ jti: 'issued' });
beforeAll(() => {
  shell = plainShell();
});
afterAll(() => shell.close());
beforeEach(async () => {
  token = { body: { access_token: issued, token_type: 'Bearer' } };
  cambio = await fakeServer({ '/token': () => (typeof token === 'function' ? token() : token), '/revoke': {} });
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

describe.skipIf(!hasOpenssl)('an audience with dpop', () => {
  beforeAll(() => {
    for (const name of ['date', 'head', 'tail']) symlinkSync(find(name), join(shell.folder, name));
    shell.program('sleep', ':');
    shell.program('openssl', `exec '${find('openssl')}' "$@"`);
  });
  const bound = { body: { access_token: issued, token_type: 'DPoP' } };
  /** Of a proof whose signature is of its own key. */
  const claimsOf = (proof: unknown) => {
    const [header = '', payload = '', signature = ''] = String(proof).split('.');
    const { jwk, ...rest } = JSON.parse(Buffer.from(header, 'base64url').toString());
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const signed = Buffer.from(signature, 'base64url');
    expect(verify('sha256', Buffer.from(`${header}.${payload}`), { key, dsaEncoding: 'ieee-p1363' }, signed)).toBe(
      true,
    );
    expect(rest).toEqual({ alg: 'ES256', typ: 'dpop+jwt' });
    return { jwk, claims: JSON.parse(Buffer.from(payload, 'base64url').toString()) };
  };

  test('proves a key of the job, again with the nonce that the server wants, and the key goes with the job', async () => {
    const replies = [
      { status: 400, headers: { 'DPoP-Nonce': 'nonce-1' }, body: { error: 'use_dpop_nonce' } },
      { status: 503, body: { error: 'temporarily_unavailable' } },
      bound,
    ];
    token = () => replies.shift() ?? {};
    const script = 'printf "%s\\n" "$CAMBIO_TOKEN"; cat "$CAMBIO_DPOP_KEY"';
    const { main, after, left } = await run({ audience: 'orders-api', dpop: 'true' }, script);
    const [printed, ...pem] = main.stdout.split('\n');
    expect([main.exit, printed]).toEqual([0, issued]);
    const { x, y } = createPublicKey(pem.join('\n')).export({ format: 'jwk' });
    const proofs = cambio.at('/token').map(({ headers }) => claimsOf(headers['dpop']));
    const common = { htm: 'POST', htu: `${cambio.url}/token`, iat: expect.closeTo(Date.now() / 1_000, -2) };
    expect(proofs.map(({ claims: { jti: _, ...claims } }) => claims)).toEqual([
      common,
      { ...common, nonce: 'nonce-1' },
      { ...common, nonce: 'nonce-1' },
    ]);
    expect(new Set(proofs.map(({ claims }) => claims.jti)).size).toBe(3);
    expect(proofs.every(({ jwk }) => jwk.x === x && jwk.y === y)).toBe(true);
    expect([after.exit, left, cambio.at('/revoke').length]).toEqual([0, [], 1]);
    expect(cambio.at('/revoke')[0]?.headers).not.toHaveProperty('dpop');
  });

  test('proves a key that is given, of P-256 alone', async () => {
    const pemOf = (namedCurve: string) =>
      generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const own = join(shell.folder, 'own.pem');
    writeFileSync(own, pemOf('P-256'));
    token = bound;
    const inputs = { audience: 'orders-api', 'dpop-key': own };
    expect((await run(inputs, 'true')).main).toMatchObject({ exit: 0, stderr: '' });
    claimsOf(cambio.at('/token')[0]?.headers['dpop']);
    expect(existsSync(own)).toBe(true);
    const before = cambio.at('/token').length;
    writeFileSync(own, pemOf('P-384'));
    const { main } = await run(inputs, 'echo ran');
    expect(main).toEqual({ exit: 1, stdout: '', stderr: 'cambio: the key for DPoP is no PEM of P-256\n' });
    expect(cambio.at('/token').length).toBe(before);
  });

  test('signs with numbers that begin with zeros as with others', async () => {
    // DER of 5 and 7.
    const short = `cat > /dev/null; printf '\\060\\006\\002\\001\\005\\002\\001\\007'`;
    shell.program('openssl', `case $1 in dgst) ${short};; *) exec '${find('openssl')}' "$@";; esac`);
    token = bound;
    expect((await run({ audience: 'orders-api', dpop: 'true' }, 'true')).main.exit).toBe(0);
    shell.program('openssl', `exec '${find('openssl')}' "$@"`);
    const [, , signature = ''] = String(cambio.at('/token')[0]?.headers['dpop']).split('.');
    expect(Buffer.from(signature, 'base64url').toString('hex')).toBe(
      `${'5'.padStart(64, '0')}${'7'.padStart(64, '0')}`,
    );
  });

  test('that is refused, or answered with a token of no key, ends the job before its script', async () => {
    token = { status: 400, body: { error: 'invalid_target' } };
    const refused = await run({ audience: 'orders-api', dpop: 'true' }, 'echo ran');
    expect(refused.main).toEqual({
      exit: 1,
      stdout: '',
      stderr: expect.stringContaining('{"error":"invalid_target"}\n'),
    });
    expect([cambio.at('/token').length, refused.left]).toEqual([1, []]);
    token = { body: { access_token: issued, token_type: 'Bearer' } };
    const { main } = await run({ audience: 'orders-api', dpop: 'true' }, 'echo ran');
    expect(main).toEqual({ exit: 1, stdout: '', stderr: 'cambio: the server bound the token to no key\n' });
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
