import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CompileOptions } from '../../../../infra/policy/compile-options.ts';
import { joinPolicy } from '../../../../shared/policy/policy-artifact.ts';
import { compileText, findingsOf } from '../policy-world.ts';

const arn = 'arn:aws:iam::111122223333:role/deploy';
const valid = `version: 1
issuers:
  github:
    url: https://token.actions.githubusercontent.com
    audience: https://sts.acme.example
    claims: github-actions
  okta:
    url: https://acme.okta.example
    audience: a
    claims: { email: string, groups: list }
clients:
  portal: { auth: { client_secret_basic: { sha256: "${'0'.repeat(64)}" } } }
audiences:
  orders-api: { scopes: [orders:read] }
roles:
  deploy: { arn: "${arn}" }
  web: { arn: "arn:aws:iam::999999999999:role/ci/web", via: web-identity }
rules:
  - id: deploy-main
    from: github
    match: { repository_id: "456789", ref: refs/heads/main }
    grant:
      role: deploy
      ttl: 15m
      tags: { repo: "\${claims.repository}", env: { value: "env-\${claims.environment}", required: false } }
      transitive: [repo]
      sourceIdentity: "\${claims.actor}"
      policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
      sessionPolicy:
        Version: "2012-10-17"
        Statement: { Effect: Allow, Action: "s3:*", Resource: "arn:aws:s3:::a/\${claims.repository}/*" }
  - id: web-users
    from: okta
    client: portal
    grant: { role: web }
  - id: no-pull-requests
    from: github
    match: { event_name: [pull_request, pull_request_target] }
    deny: { role: deploy }
`;

function changed(from: string, to: string, text = valid): string {
  expect(text.split(from), `occurrences of ${from}`).toHaveLength(2);
  return text.replace(from, () => to);
}

const finding = (from: string, to: string): string => findingsOf(changed(from, to)).join('\n');

/** What is replaced, by what, the finding, and the nearest right way. */
type Pair = readonly [from: string, bad: string, finding: string, good: string];

const tags = 'tags: { repo: "${claims.repository}", env: { value: "env-${claims.environment}", required: false } }';
const tagsWith = (more: string) => `${tags.slice(0, -2)}, ${more} }`;
const many = (count: number) => tagsWith(Array.from({ length: count - 2 }, (_, index) => `k${index}: a`).join(', '));
const statement = '{ Effect: Allow, Action: "s3:*", Resource: "arn:aws:s3:::a/${claims.repository}/*" }';
const external = (id: string) => `deploy: { externalId: "${id}", `;
const deploy = 'deploy: { ';
const web = 'web: { ';

const ofRoles: Readonly<Record<string, Pair>> = {
  'a role with a wildcard': [
    arn,
    'arn:aws:iam::111122223333:role/dep*',
    'is not the ARN of one role',
    'arn:aws:iam::111122223333:role/dep-',
  ],
  'a path with a wildcard': [
    arn,
    'arn:aws:iam::111122223333:role/*/a',
    'is not the ARN of one role',
    'arn:aws:iam::111122223333:role/b/a',
  ],
  'a path with a policy variable': [
    arn,
    'arn:aws:iam::111122223333:role/${aws:x}/a',
    'is not the ARN of one role',
    'arn:aws:iam::111122223333:role/{aws:x}/a',
  ],
  'a path that climbs': [
    arn,
    'arn:aws:iam::111122223333:role/a/../b',
    'is not the ARN of one role',
    'arn:aws:iam::111122223333:role/a/b',
  ],
  'a path with an empty segment': [
    arn,
    'arn:aws:iam::111122223333:role/a//b',
    'is not the ARN of one role',
    'arn:aws:iam::111122223333:role/a/c/b',
  ],
  'the root of an account': [
    arn,
    'arn:aws:iam::111122223333:root',
    'is not the ARN of one role',
    'arn:aws:iam::111122223333:role/root',
  ],
  'a user': [
    arn,
    'arn:aws:iam::111122223333:user/a',
    'is not the ARN of one role',
    'arn:aws:iam::111122223333:role/user/a',
  ],
  'a role session': [
    arn,
    'arn:aws:sts::111122223333:assumed-role/a/b',
    'is not the ARN of one role',
    'arn:aws:iam::111122223333:role/assumed-role/a/b',
  ],
  'an account of eleven digits': [
    arn,
    'arn:aws:iam::11112222333:role/a',
    'is not the ARN of one role',
    'arn:aws:iam::111122223334:role/a',
  ],
  'a name too long': [
    arn,
    `arn:aws:iam::111122223333:role/${'a'.repeat(65)}`,
    'is not the ARN of one role',
    `arn:aws:iam::111122223333:role/${'a'.repeat(64)}`,
  ],
  'a service-linked role': [
    arn,
    'arn:aws:iam::111122223333:role/aws-service-role/a',
    'is not the ARN of one role',
    'arn:aws:iam::111122223333:role/service-role/a',
  ],
  'two partitions': [
    arn,
    'arn:aws-us-gov:iam::111122223333:role/deploy',
    'is in partition aws, others are in aws-us-gov',
    arn,
  ],
  'one role twice': [
    arn,
    'arn:aws:iam::999999999999:role/ci/web',
    'is already another one at policy.yaml:16:18',
    'arn:aws:iam::999999999999:role/web',
  ],
  'no arn': [
    `arn: "${arn}"`,
    'ttl: 15m',
    'role "deploy" has no arn: it must come from TypeScript',
    `arn: "${arn}", ttl: 15m`,
  ],
  'an external id of one character': [deploy, external('a'), 'is none STS takes', external('a7')],
  'an external id with a space': [deploy, external('acme 7'), 'is none STS takes', external('acme-7')],
  'an external id of a web identity': [
    web,
    `web: { externalId: acme-7, `,
    'a web identity has no external id',
    'web: { maxTtl: 2h, ',
  ],
  'an hour and a minute by role chaining': [
    deploy,
    'deploy: { maxTtl: 61m, ',
    'maxTtl 61m is over the 1h of a session by role chaining',
    'deploy: { maxTtl: 1h, ',
  ],
  'more than twelve hours': [
    web,
    'web: { maxTtl: 13h, ',
    'maxTtl 13h is over the 12h of any role session',
    'web: { maxTtl: 12h, ',
  ],
  'a session shorter than any': [
    deploy,
    'deploy: { ttl: 14m, ',
    'ttl 14m is shorter than any role session',
    'deploy: { ttl: 15m, ',
  ],
  'a ttl over the maxTtl of its role': [
    deploy,
    'deploy: { ttl: 30m, maxTtl: 20m, ',
    'ttl 30m is over the maxTtl 20m',
    'deploy: { ttl: 20m, maxTtl: 20m, ',
  ],
  'an audience whose tokens STS would take': [
    'orders-api: {',
    'orders-api: { resource: "urn:x" }\n  sts.amazonaws.com: {',
    'could be presented to STS as web identities',
    'orders-api: { resource: "urn:x" }\n  sts.amazonaws: {',
  ],
  'subjects that STS would take for a web identity': [
    'claims: { email: string, groups: list }',
    'claims: { email: string, groups: list }\n    subject: "ro${claims.email}"',
    'could be those of "web identities at STS"',
    'claims: { email: string, groups: list }\n    subject: "mail:${claims.email}"',
  ],
  'an audience that is a role to whoever asks for it': [
    'orders-api: {',
    `orders-api: { resource: "${arn}-2", `,
    'is the ARN of a role',
    'orders-api: { resource: "arn:aws:s3:::orders", ',
  ],
};

const ofGrants: Readonly<Record<string, Pair>> = {
  'a ttl over the role’s maxTtl': [
    'ttl: 15m',
    'ttl: 61m',
    'ttl 61m is over the 1h of a session by role chaining',
    'ttl: 60m',
  ],
  'a ttl under 15 minutes': ['ttl: 15m', 'ttl: 899s', 'is shorter than any role session', 'ttl: 900s'],
  'scopes for a role': ['ttl: 15m', 'ttl: 15m\n      scopes: [a]', '"scopes" is for grants of audiences', 'ttl: 16m'],
  'claims for a role': [
    'ttl: 15m',
    'ttl: 15m\n      claims: { a: b }',
    '"claims" is for grants of audiences',
    'ttl: 16m',
  ],
  'tags for an audience': [
    'grant: { role: web }',
    'grant: { audience: orders-api, scopes: [orders:read], tags: { a: b } }',
    '"tags" is for grants of roles',
    'grant: { audience: orders-api, scopes: [orders:read] }',
  ],
  'keys that differ in case': [
    tags,
    tagsWith('REPO: a'),
    'the tags "repo" and "REPO" are one to STS',
    tagsWith('REPOS: a'),
  ],
  'a key of AWS': [tags, tagsWith('"AWS:a": a'), "is AWS's own", tagsWith('"awsome:a": a')],
  'a key of Cambio': [tags, tagsWith('Cambio-run: a'), "is Cambio's own", tagsWith('cambiorun: a')],
  'a key with a star': [tags, tagsWith('"a*": a'), 'is no tag key', tagsWith('"a b": a')],
  'a key too long': [tags, tagsWith(`${'k'.repeat(129)}: a`), 'is no tag key', tagsWith(`${'k'.repeat(128)}: a`)],
  'more than 50 tags': [tags, many(51), 'a session has at most 50 tags', many(50)],
  'a tag that can never be legal': [
    tags,
    tagsWith('a: "#${claims.ref}"'),
    'has a character that no tag can have',
    tagsWith('a: { value: "#${claims.ref}", sanitize: true }'),
  ],
  'a tag that can never fit': [
    tags,
    tagsWith(`a: "${'v'.repeat(257)}"`),
    'a tag value has at most 256 characters',
    tagsWith(`a: "${'v'.repeat(256)}"`),
  ],
  'a tag of an unknown claim': [
    tags,
    tagsWith('a: "${claims.reff}"'),
    'unknown claim "reff"',
    tagsWith('a: "${claims.ref}"'),
  ],
  'a list as a tag': [
    'grant: { role: web }',
    'grant: { role: web, tags: { g: "${claims.groups}" } }',
    'is of type list and cannot stand among text',
    'grant: { role: web, tags: { g: "${claims.email}" } }',
  ],
  'a source identity of an unknown claim': [
    '"${claims.actor}"',
    '"${claims.actr}"',
    'unknown claim "actr"',
    '"${claims.actor_id}"',
  ],
  'a list as source identity': [
    'grant: { role: web }',
    'grant: { role: web, sourceIdentity: "${claims.groups}" }',
    'is of type list and cannot stand among text',
    'grant: { role: web, sourceIdentity: "${claims.email}" }',
  ],
  'a transitive key of no tag': [
    'transitive: [repo]',
    'transitive: [repos]',
    'there is no tag "repos" in this grant',
    'transitive: [env]',
  ],
  'a transitive key twice': [
    'transitive: [repo]',
    'transitive: [repo, repo]',
    'is listed twice',
    'transitive: [repo, env]',
  ],
  'a managed policy of another account': [
    'arn:aws:iam::aws:policy/ReadOnlyAccess',
    'arn:aws:iam::999999999999:policy/a',
    'is no managed policy for a session of this role',
    'arn:aws:iam::111122223333:policy/a',
  ],
  'what is no managed policy': [
    'arn:aws:iam::aws:policy/ReadOnlyAccess',
    'ReadOnlyAccess',
    'is no managed policy for a session of this role',
    'arn:aws:iam::aws:policy/team/ReadOnlyAccess',
  ],
  'eleven managed policies': [
    'policyArns: [',
    `policyArns: [${Array.from({ length: 10 }, (_, index) => `"arn:aws:iam::aws:policy/p${index}", `).join('')}`,
    'at most 10 managed policies',
    `policyArns: [${Array.from({ length: 9 }, (_, index) => `"arn:aws:iam::aws:policy/p${index}", `).join('')}`,
  ],
  'a denial of a role that does not exist': [
    'deny: { role: deploy }',
    'deny: { role: deplow }',
    'there is no role "deplow"',
    'deny: { role: web }',
  ],
};

const ofPolicies: Readonly<Record<string, Pair>> = {
  'no version': ['Version: "2012-10-17"', 'Id: a', 'has "Version: 2012-10-17"', 'Version: "2012-10-17"\n        Id: a'],
  'an unknown member': [
    'Version: "2012-10-17"',
    'Version: "2012-10-17"\n        Statements: []',
    'a session policy has no "Statements" here',
    'Version: "2012-10-17"\n        Id: b',
  ],
  'no statement': [statement, '[]', 'has a Statement', `[${statement}]`],
  'a principal': [
    statement,
    statement.replace('Effect', 'Principal: "*", Effect'),
    'has no "Principal" here',
    statement.replace('Effect', 'Sid: a, Effect'),
  ],
  'another effect': [
    statement,
    statement.replace('Allow', 'allow'),
    'neither Allow nor Deny',
    statement.replace('Allow', 'Deny'),
  ],
  'Action beside NotAction': [
    statement,
    statement.replace('Action', 'NotAction: "a:b", Action'),
    'one Action or NotAction',
    statement.replace('Action', 'NotAction'),
  ],
  'no resource': [
    statement,
    '{ Effect: Allow, Action: "s3:*" }',
    'one Resource or NotResource',
    statement.replace('Resource', 'NotResource'),
  ],
  'a foreign reference': [
    statement,
    statement.replace('${claims.repository}', '${claim.repository}'),
    'only claims and policy variables',
    statement.replace('${claims.repository}', '${aws:PrincipalTag/repo}'),
  ],
  'a claim after a dollar': [
    statement,
    statement.replace('${claims.repository}', () => '$${claims.repository}'),
    'a claim cannot follow a $',
    statement.replace('${claims.repository}', '${$}/${claims.repository}'),
  ],
  'an unknown claim': [
    statement,
    statement.replace('claims.repository', 'claims.repo'),
    'unknown claim "repo"',
    statement.replace('claims.repository', 'claims.ref'),
  ],
  'a claim in a name': [
    statement,
    statement.replace('Effect', 'Condition: { StringEquals: { "${claims.ref}": a } }, Effect'),
    'a claim cannot stand in a name',
    statement.replace('Effect', 'Condition: { StringEquals: { "s3:prefix": "${claims.ref}" } }, Effect'),
  ],
  'more than 2048 characters': [
    statement,
    statement.replace('Effect', `Sid: ${'a'.repeat(1_950)}, Effect`),
    'STS takes 2048 together',
    statement.replace('Effect', `Sid: ${'a'.repeat(1_850)}, Effect`),
  ],
};

describe('a policy with roles', () => {
  test('has no finding', () => expect(findingsOf(valid)).toEqual([]));

  test.each(Object.entries({ ...ofRoles, ...ofGrants, ...ofPolicies }))('refuses %s', (_, [
    from,
    bad,
    wanted,
    good,
  ]) => {
    expect(finding(from, bad)).toContain(wanted);
    expect(finding(from, good)).toBe('');
  });

  test('is lowered with defaults, tags in their order, and the session policy as JSON with holes', () => {
    const { artifact } = compileText(valid);
    expect(artifact?.roles).toEqual({
      deploy: { name: 'deploy', arn, via: 'assume-role', ttl: 3600, maxTtl: 3600 },
      web: {
        name: 'web',
        arn: 'arn:aws:iam::999999999999:role/ci/web',
        via: 'web-identity',
        ttl: 3600,
        maxTtl: 43_200,
      },
    });
    const [deployed, webbed, denied] = artifact?.rules ?? [];
    expect(deployed).toMatchObject({
      grant: {
        role: 'deploy',
        ttl: 900,
        tags: [
          { key: 'repo', value: [{ claim: 'repository' }], required: true, sanitize: false },
          { key: 'env', value: ['env-', { claim: 'environment' }], required: false, sanitize: false },
        ],
        transitive: ['repo'],
        sourceIdentity: [{ claim: 'actor' }],
        sessionPolicy: [
          '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a/',
          { claim: 'repository' },
          '/*"}}',
        ],
        policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
      },
    });
    expect(webbed).toMatchObject({ grant: { role: 'web', ttl: 3600, tags: [], transitive: [], policyArns: [] } });
    expect(denied).toMatchObject({ deny: { role: 'deploy' } });
  });

  test('lowers revocable, whose three tags leave room for 47 others', () => {
    const revocable = changed('deploy: { ', 'deploy: { revocable: true, ');
    expect(compileText(revocable).artifact?.roles['deploy']).toMatchObject({ revocable: true });
    const off = changed('deploy: { ', 'deploy: { revocable: false, ');
    expect(compileText(off).artifact?.roles['deploy']).not.toHaveProperty('revocable');
    expect(findingsOf(changed(tags, many(47), revocable))).toEqual([]);
    expect(findingsOf(changed(tags, many(48), revocable)).join()).toContain('a session has at most 47 tags');
    expect(findingsOf(changed(tags, many(48)))).toEqual([]);
  });

  test('escapes what JSON or STS would not take in the text of a session policy', () => {
    const text = changed(statement, statement.replace('arn:aws:s3:::a', 'a\\"\\\\\\u0007ß😀'));
    const [, { grant }] = [0, compileText(text).artifact?.rules[0] as { grant: { sessionPolicy: readonly unknown[] } }];
    const json = grant.sessionPolicy.map((part) => (typeof part === 'string' ? part : 'x')).join('');
    expect(json).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(json).Statement.Resource).toBe('a"\\\u0007ß😀/x/*');
  });
});

describe('the example of the contract', () => {
  const example = readFileSync(join(import.meta.dirname, '../fixtures/contract-example.txt'), 'utf8');
  const supported = example.replace(/^ {2}bank: .*\n/m, '');

  test('compiles with its roles, but for a line that is not yet supported', () => {
    const { artifact, diagnostics } = compileText(supported);
    expect(diagnostics).toEqual([]);
    expect(artifact?.roles['deploy-prod']).toMatchObject({ externalId: 'acme-7', via: 'assume-role' });
    const grants = artifact?.rules.flatMap((rule) => ('grant' in rule && 'role' in rule.grant ? rule.grant : []));
    expect(grants).toMatchObject([
      { role: 'deploy-prod', ttl: 900, tags: [{ key: 'repo', required: true }, { key: 'env' }] },
      {
        role: 'admin',
        tags: [
          { key: 'user', required: true },
          { key: 'team', required: false, sanitize: true },
        ],
      },
    ]);
  });
});

describe('role ARNs from TypeScript', () => {
  const open = changed(`arn: "${arn}"`, 'ttl: 15m');
  const token = '${Token[Role.Arn.42]}';
  const given: CompileOptions = { roleArns: { deploy: token }, isUnresolved: (value) => value === token };

  test('are written into the policy when they are known, and leave a hole when they are not', () => {
    expect(compileText(open, { roleArns: { deploy: arn } }).artifact?.roles['deploy']?.arn).toBe(arn);
    const { artifact, values, diagnostics } = compileText(open, given);
    expect(diagnostics).toEqual([]);
    expect(artifact?.roles['deploy']?.arn).toEqual({ $value: 'roles.deploy.arn' });
    expect(values).toEqual({ 'roles.deploy.arn': token });
  });

  test('are checked, stand alone, and are for a role', () => {
    expect(findingsOf(open, { roleArns: { deploy: 'deploy' } })).toEqual([expect.stringContaining('is not the ARN')]);
    expect(findingsOf(valid, { roleArns: { deploy: arn } })).toEqual([
      expect.stringContaining('the arn of role "deploy" comes from TypeScript too'),
    ]);
    expect(findingsOf(valid, { roleArns: { deplow: arn } })).toEqual([
      expect.stringContaining('TypeScript gives an arn for "deplow", which is no role | did you mean deploy?'),
    ]);
    expect(findingsOf(open, { urlsComeLater: true })).toEqual([
      expect.stringContaining('warning: role "deploy" has no arn'),
    ]);
  });

  test('are joined at cold start, which a missing, malformed or doubled one stops', () => {
    const artifact = JSON.stringify(compileText(open, given).artifact);
    const join = (value: unknown) => joinPolicy(artifact, JSON.stringify({ 'roles.deploy.arn': value }));
    expect(join(arn).roles['deploy']?.arn).toBe(arn);
    expect(join(arn).roles['web']?.via).toBe('web-identity');
    for (const bad of [undefined, 7, 'deploy', `${arn}*`])
      expect(() => join(bad)).toThrow('roles.deploy.arn is missing');
    expect(() => join('arn:aws:iam::999999999999:role/ci/web')).toThrow('two roles the same');
  });
});
