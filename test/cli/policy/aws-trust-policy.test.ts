// `cambio aws trust-policy`: what is printed for a role, both ways, and for which roles nothing is.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cambio, cambioIn, inTheWorld } from '../cambio.ts';
import { cambioAt, fakeWeb } from '../fake-web.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-trust-'));
afterAll(() => rmSync(folder, { recursive: true }));
const policy = join(folder, 'policy.yaml');
writeFileSync(
  policy,
  `version: 1
issuers:
  github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions }
roles:
  deploy: { arn: "arn:aws:iam::111122223333:role/ci/deploy", externalId: acme-7 }
  long: { arn: "arn:aws:iam::444455556666:role/long", via: web-identity }
  ended: { arn: "arn:aws:iam::777788889999:role/ended", revocable: true }
  unused: { arn: "arn:aws:iam::111122223333:role/unused" }
rules:
  - id: deploy
    from: github
    match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }
    grant: { role: deploy, tags: { repo: "\${claims.repository}" } }
  - id: ended
    from: github
    match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }
    grant: { role: ended }
  - id: long
    from: github
    match: { repository_owner_id: "1", repository_id: "456789", ref: refs/heads/main }
    grant: { role: long }
`,
);
const tokenRole = 'arn:aws:iam::999900001111:role/Cambio-Token';
const trust = (...words: readonly string[]) => cambio('aws', 'trust-policy', '--policy', policy, ...words);

test.each([
  'deploy',
  'arn:aws:iam::111122223333:role/ci/deploy',
])('a role that is assumed, named %s, trusts the token function', async (role) => {
  const { exit, stdout, stderr } = await trust('--role', role, '--token-role', tokenRole);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({
    AccountId: '111122223333',
    RoleName: 'deploy',
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: tokenRole },
          Action: ['sts:AssumeRole'],
          Condition: { StringEquals: { 'sts:ExternalId': 'acme-7' } },
        },
        { Effect: 'Allow', Principal: { AWS: tokenRole }, Action: ['sts:TagSession'] },
      ],
    },
  });
});

test('without the token function’s role it trusts nobody, and says what to put there', async () => {
  const { exit, stdout, stderr } = await trust('--role', 'deploy');
  expect([exit, stderr]).toEqual([0, expect.stringContaining('TokenRole')]);
  const { AssumeRolePolicyDocument } = JSON.parse(stdout) as {
    AssumeRolePolicyDocument: { Statement: { Principal: { AWS: string } }[] };
  };
  for (const { Principal } of AssumeRolePolicyDocument.Statement) expect(Principal.AWS).not.toMatch(/^arn:|^\d+$|\*/);
});

test('a web identity needs the provider too: the issuer is given, or the server says it', async () => {
  const given = await trust('--role', 'long', '--issuer', 'https://issuer.acme.example');
  expect(JSON.parse(given.stdout)).toMatchObject({
    AccountId: '444455556666',
    OpenIDConnectProvider: { Url: 'https://issuer.acme.example', ClientIDList: ['sts.amazonaws.com'] },
    AssumeRolePolicyDocument: {
      Statement: [{ Principal: { Federated: 'arn:aws:iam::444455556666:oidc-provider/issuer.acme.example' } }],
    },
  });
  const issuer = 'https://issuer.cambio.example';
  const { send } = fakeWeb(cambioAt('https://api.cambio.example', issuer), inTheWorld({}).send);
  const asked = await cambioIn(
    { environment: { CAMBIO_URL: 'https://api.cambio.example' }, send },
    'aws',
    'trust-policy',
    '--policy',
    policy,
    '--role',
    'long',
  );
  expect(JSON.parse(asked.stdout)).toMatchObject({ OpenIDConnectProvider: { Url: issuer } });
});

test.each([
  ['aws trust-policy needs --role', []],
  ['deplyo is no role: did you mean deploy', ['--role', 'deplyo']],
  ['unused: no rule grants this role', ['--role', 'unused']],
  ['the issuer is an origin', ['--role', 'long', '--issuer', 'https://issuer.acme.example/']],
  ['the issuer is an origin', ['--role', 'long', '--issuer', 'issuer.acme.example']],
  ['--token-role takes the ARN of one role', ['--role', 'deploy', '--token-role', '*']],
  ['--token-role takes the ARN of one role', ['--role', 'deploy', '--token-role', 'arn:aws:iam::111122223333:root']],
])('%s', async (problem, words) => {
  const { exit, stdout, stderr } = await trust(...words);
  expect([exit, stdout, stderr]).toEqual([2, '', expect.stringContaining(problem)]);
});

test('for a revocable role of another account it also prints who may end its sessions, and within what', async () => {
  const writer = 'arn:aws:iam::999900001111:role/Cambio-Writer';
  const options = ['--role', 'ended', '--token-role', tokenRole];
  const { exit, stdout, stderr } = await trust(...options, '--revocations-role', writer);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  const { SessionRevocations: printed } = JSON.parse(stdout);
  expect(printed.PermissionsBoundary.PolicyName).toBe('cambio-boundary');
  expect(printed.Role.AssumeRolePolicyDocument.Statement).toEqual([
    { Effect: 'Allow', Principal: { AWS: writer }, Action: 'sts:AssumeRole' },
  ]);
  expect(printed.Role.PolicyDocument.Statement[0]).toMatchObject({
    Resource: ['arn:aws:iam::777788889999:role/ended'],
    Condition: { StringEquals: { 'iam:PermissionsBoundary': 'arn:aws:iam::777788889999:policy/cambio-boundary' } },
  });

  const own = await trust(...options, '--revocations-role', 'arn:aws:iam::777788889999:role/Cambio-Writer');
  expect(JSON.parse(own.stdout)).not.toHaveProperty('SessionRevocations');
  const unknown = await trust(...options);
  expect(unknown.stderr).toContain('--revocations-role');
  expect(unknown.stdout).toContain('THE-OUTPUT-RevocationsRole-OF-THE-STACK');
});

test.each([
  '--token-role',
  '--revocations-role',
])('%s takes one role, and neither everybody nor an account', async (option) => {
  for (const arn of ['*', '777788889999', 'arn:aws:iam::777788889999:root', 'arn:aws:iam::777788889999:role/*']) {
    const { exit, stdout, stderr } = await trust('--role', 'ended', option, arn);
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${option} takes the ARN of one role`);
  }
  expect((await trust('--role', 'ended', option, 'arn:aws:iam::777788889999:role/one')).exit).toBe(0);
});
