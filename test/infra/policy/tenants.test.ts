import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compilePolicy } from '../../../infra/policy/compile-policy.ts';
import { readTests } from '../../../infra/policy/rehearse/read-tests.ts';
import { runTests } from '../../../infra/policy/rehearse/run-tests.ts';
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { reachOf } from '../../../shared/policy/reach.ts';
import { compileTenants, errorsOf, files, tenantPolicy } from './tenant-world.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-tenants-'));
  for (const [tenant, text] of Object.entries(files)) write(tenant, 'policy.yaml', text);
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(tenant: string, name: string, text: string): string {
  const into = tenant === '' ? folder : join(folder, 'tenants', tenant);
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, name), text);
  return join(into, name);
}

const findings = () =>
  compilePolicy(folder).diagnostics.map(({ file, message }) => `${file.slice(folder.length)}: ${message}`);

describe('a folder of tenants', () => {
  test('is compiled into one policy in which every name says whose it is', () => {
    const { artifact, diagnostics } = compilePolicy(folder);
    expect(diagnostics).toEqual([]);
    expect(Object.keys(artifact?.issuers ?? {})).toEqual(['github', 'acme/github', 'globex/github']);
    expect(Object.keys(artifact?.clients ?? {})).toEqual(['portal', 'acme/checkout', 'globex/checkout']);
    expect(artifact?.clients['acme/checkout']?.introspects).toEqual(['acme/api']);
    expect(artifact?.rules.find(({ id }) => id === 'acme/onward')).toEqual({
      id: 'acme/onward',
      from: 'acme/self',
      client: ['acme/checkout'],
      match: [{ path: 'aud', type: 'list', anyOf: [{ equals: 'acme/api' }] }],
      grant: { audience: 'acme/backend', scopes: ['read'], claims: {}, ttl: 300 },
    });
  });

  test('refuses what is no tenant, has a name that is none, or is empty, and takes what is hidden for nothing', () => {
    write('acme', '.gitkeep', '');
    writeFileSync(join(folder, 'tenants', '.DS_Store'), '');
    expect(findings()).toEqual([]);
    writeFileSync(join(folder, 'tenants', 'stray.yaml'), files['acme'] ?? '');
    write('root', 'policy.yaml', files['acme'] ?? '');
    write('Acme', 'policy.yaml', files['acme'] ?? '');
    mkdirSync(join(folder, 'tenants', 'empty'));
    mkdirSync(join(folder, 'tenants', 'acme', 'tenants'));
    expect(findings()).toEqual([
      '/tenants/Acme: "Acme" is no name of a tenant',
      '/tenants/acme/tenants: a tenant has no tenants',
      '/tenants/empty: there is no *.yaml in this folder',
      '/tenants/root: tenant "root": this name is reserved',
      '/tenants/stray.yaml: a tenant is a folder',
    ]);
  });

  test('has its tests run in its own names, and those of the root policy in full ones', () => {
    const tests = (issuer: string, audience: string, rule: string) => `version: 1
tests:
  - name: main
    issuer: ${issuer}
    claims: { sub: a, ref: refs/heads/main }
    request: { audience: ${audience} }
    expect: { allow: true, rule: ${rule} }
  - name: another's
    issuer: ${issuer}
    claims: { sub: a, ref: refs/heads/main }
    request: { audience: globex/api }
    expect: { allow: false, error: invalid_target, reason: no_rule }
`;
    const path = write('acme', 'policy.test.yaml', tests('github', 'api', 'main'));
    write('', 'policy.test.yaml', tests('acme/github', 'acme/api', 'acme/main'));
    const policy = compilePolicy(folder).artifact as PolicyArtifact;
    const results = runTests(readTests(folder).tests, policy);
    expect(results.map(({ name, failure }) => [name, failure?.message])).toEqual([
      ['main', undefined],
      ["another's", undefined],
      ['acme/main', undefined],
      ["acme/another's", undefined],
    ]);
    writeFileSync(path, tests('nobody', 'api', 'main'));
    expect(runTests(readTests(folder).tests, policy)[2]?.failure).toMatchObject({
      file: path,
      message: '"nobody" is no issuer',
    });
  });
});

describe('what crosses tenants', () => {
  const rule = (from: string, grant: string, more = '') =>
    `  - { id: joined, from: ${from}, ${more}match: { ref: refs/heads/joined }, grant: { ${grant} } }\n`;

  test.each([
    [
      'an audience',
      'acme',
      'audiences',
      'shared',
      'acme: [shared]',
      rule('github', 'audience: shared, scopes: [read]'),
    ],
    ['an issuer', '', 'issuers', 'acme/github', '', rule('acme/github', 'audience: shared, scopes: [read]')],
    [
      'own tokens',
      '',
      'issuers',
      'acme/self',
      '',
      rule('acme/self', 'audience: shared, scopes: [read]', 'client: portal, ').replace(
        'ref: refs/heads/joined',
        'aud: acme/api',
      ),
    ],
    ['a client', 'acme', 'clients', 'portal', '', rule('github', 'audience: api, scopes: [read]', 'client: portal, ')],
  ] as const)('%s is nobody else’s unless both sides name it', (_, importer, section, name, __, text) => {
    const owner = name.includes('/') ? 'acme' : '';
    const bare = name.replace('acme/', '');
    const kind = section.slice(0, -1);
    const exported = (to: string) => `exports: { ${section}: ${to} }\n`;
    const file = importer === '' ? 'policy.yaml' : 'tenants/acme/policy.yaml';
    const whom = importer === '' ? 'root' : importer;
    const imported = `${text}imports: { ${section}: [${name}] }\n`;
    expect(errorsOf({ [importer]: imported, [owner]: exported(`[${bare}]`) })).toEqual([]);
    expect(errorsOf({ [importer]: imported, [owner]: exported(`{ ${bare}: [${whom}] }`) })).toEqual([]);
    expect(errorsOf({ [importer]: `${text}imports: [${name}]\n`, [owner]: `exports: [${bare}]\n` })).toEqual([]);
    const notExported = `${file}: ${owner || 'root'} does not export "${name}" to ${whom} | its owner writes it into "exports: { ${section}: … }"`;
    expect(errorsOf({ [importer]: imported })).toEqual([notExported]);
    expect(errorsOf({ [importer]: imported, [owner]: exported(`{ ${bare}: [globex] }`) })).toEqual([notExported]);
    const alone = errorsOf({ [importer]: text, [owner]: exported(`[${bare}]`) });
    expect(alone).toEqual([
      importer === ''
        ? expect.stringContaining(`${kind} "${name}" is another tenant's`)
        : expect.stringContaining(`there is no ${kind} "acme/${name}"`),
    ]);
  });

  test('is never both sides’: a rule is about the tenant’s own subjects or its own target', () => {
    const exports = 'exports: { issuers: [github], audiences: [shared] }\n';
    const imports = 'imports: { issuers: [globex/github], audiences: [shared] }\n';
    const given = errorsOf({
      '': exports,
      acme: `${rule('globex/github', 'audience: shared, scopes: [read]')}${imports}`,
      globex: 'exports: [github]\n',
    });
    expect(given).toEqual([
      expect.stringContaining('"acme/joined" is about subjects of "globex" and no target of its own'),
    ]);
    const deny = (what: string) => ({
      acme: `  - { id: joined, from: globex/github, match: { ref: refs/heads/main }, deny: ${what} }\nimports: { issuers: [globex/github] }\n`,
      globex: 'exports: [github]\n',
    });
    expect(errorsOf(deny('true'))).toContainEqual(expect.stringContaining('name a target of your own'));
    expect(errorsOf(deny('{ audience: api }'))).toEqual([]);
  });

  test('is said of what is not there, is one’s own, or would have two meanings', () => {
    expect(errorsOf({ acme: 'exports: [apj]\n' })).toEqual([
      'tenants/acme/policy.yaml: there is no audience "acme/apj" to export | did you mean acme/api?',
    ]);
    expect(errorsOf({ acme: 'exports: { audiences: { api: [globx] } }\n' })).toEqual([
      'tenants/acme/policy.yaml: there is no tenant "globx" | did you mean globex?',
    ]);
    expect(errorsOf({ acme: 'imports: [acme/api]\n' })).toEqual([
      'tenants/acme/policy.yaml: audience "acme/api" is this tenant\'s own | remove it',
    ]);
    expect(errorsOf({ '': 'exports: [github]\n', acme: 'imports: { issuers: [github] }\n' })).toEqual([
      expect.stringContaining('issuer "github" is imported from the root policy and defined here'),
    ]);
  });
});

describe('what is unique in a deployment', () => {
  test('is a pair of url and audience, whichever tenants have it', () => {
    const issuer = (audience: string) =>
      compileTenants({ '': '' }).artifact && files['globex']?.replace('https://sts.globex.example', audience);
    write('globex', 'policy.yaml', issuer('https://sts.acme.example') ?? '');
    expect(findings()).toEqual([
      expect.stringContaining('/tenants/globex/policy.yaml: url "https://token.actions.example"'),
    ]);
    write('globex', 'policy.yaml', issuer('https://sts.other.example') ?? '');
    expect(findings()).toEqual([]);
  });

  test('are subjects: a tenant’s begin with its name, and nobody else’s do', () => {
    const subject = (tenant: string, text: string) =>
      write(
        tenant,
        'policy.yaml',
        (files[tenant] ?? '')
          .replace('claims: github-actions', `claims: github-actions, subject: "${text}"`)
          .replace(
            /audience: (https:\S+)\n {4}claims: github-actions, (subject: ".*")/,
            'audience: $1\n    claims: github-actions\n    $2',
          ),
      );
    subject('acme', 'acme/ci:${claims.sub}');
    expect(findings()).toEqual([]);
    subject('acme', 'ci:${claims.sub}');
    expect(findings()).toEqual([expect.stringContaining('a subject of a tenant begins with its name')]);
    subject('acme', 'acme/ci:${claims.sub}');
    subject('', 'globex/ci:${claims.sub}');
    expect(findings()).toEqual([expect.stringContaining('could be those of "tenant globex", "globex/"…')]);
  });
});

describe('rules of a tenant', () => {
  test('reach what its own tokens reach, and nothing of a tenant whose names are alike', () => {
    const reached = (issuer: string) => [...reachOf({ issuer }, tenantPolicy()).audiences];
    expect(reached('acme/github')).toEqual(['acme/api', 'acme/backend']);
    expect(reached('github')).toEqual(['shared']);
  });

  test('send an external id of the tenant with every AssumeRole, unless they say another', () => {
    const role = (more: string) =>
      tenantPolicy({ acme: `roles: { deploy: { arn: "arn:aws:iam::111122223333:role/deploy"${more} } }\n` }).roles[
        'acme/deploy'
      ];
    expect(role('')?.externalId).toBe('tenant:acme');
    expect(role(', externalId: acme-7')?.externalId).toBe('acme-7');
  });
});
