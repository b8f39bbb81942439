// What `npm start` prints to copy, for every policy of this repository: the evaluator of the functions grants it.
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, expect, test } from 'vitest';
import { announcement } from '../../../infra/local/announcement.ts';
import { compileLocalPolicy } from '../../../infra/local/stand-ins/local-policy.ts';
import { createRehearse } from '../../../infra/policy/rehearse/rehearse.ts';
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'cambio-announcement-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, text: string): string {
  const file = join(folder, `${name.replaceAll('/', '-')}.yaml`);
  writeFileSync(file, text);
  return file;
}

const documented = globSync(['README.md', 'docs/**/*.md'], { cwd: root }).flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/```yaml\n((?:#.*\n)*version: 1\b[\s\S]*?)```/g)]
    .map(([, text = '']) => text)
    .filter((text) => /^rules:/m.test(text))
    .map((text) => [page, fileOf(page, text)] as const),
);
const policies: readonly (readonly [string, string])[] = [
  ['infra/policy', join(root, 'infra/policy')],
  ['test/infra/policies/good.yaml', join(root, 'test/infra/policies/good.yaml')],
  ...documented,
];

/** The requests that the printed commands make, each with what the evaluator says of it. */
async function outcomes(path: string) {
  const { policy: served, standIns } = await compileLocalPolicy({ path, realIssuers: false, log: () => {} });
  const policy = served.artifact as PolicyArtifact;
  const tokenFor = async (name: string, overrides = {}) => (await standIns.tokenOf(name, overrides)) ?? '';
  const now = Math.floor(Date.now() / 1_000);
  const stack = { url: 'http://127.0.0.1:8787', endpoints: [], policy, issuers: standIns.list, tokenFor };
  const text = (await announcement(stack, now)).join('\n');
  const rehearse = createRehearse(policy);
  const commands = /-d '(.*)' \S+\/_local\/issuers\/(\S+)\/token[\s\S]*?(?:audience|role)=([^\s"]+)/g;
  return Promise.all(
    [...text.matchAll(commands)].map(async ([, body = '', issuer = '', target = '']) => {
      const claims = decodeJwt(await tokenFor(issuer, JSON.parse(body.replaceAll(`'\\''`, "'"))));
      const asked = { client: '', audiences: [target], resources: [], scope: undefined, now };
      return `${target}: ${rehearse({ ...asked, subject: { issuer, claims } }).outcome}`;
    }),
  );
}

test('the policies of this repository are all among them', () => {
  expect(policies.map(([name]) => name).sort()).toEqual([
    'README.md',
    'docs/mutual-tls.md',
    'docs/patterns.md',
    'docs/policy.md',
    'infra/policy',
    'test/infra/policies/good.yaml',
  ]);
});

/** Of these nothing can be had without a client's certificate, and no command is printed. */
const forClientsAlone = ['docs/mutual-tls.md'];

test.each(policies)('%s: what is printed is granted', async (name, path) => {
  const said = await outcomes(path);
  expect(said.length > 0).toBe(!forClientsAlone.includes(name));
  expect(said.filter((each) => !each.endsWith(': granted'))).toEqual([]);
});

const issuers =
  'issuers: { people: { url: https://login.acme.example, audience: sts, claims: { sub: string, groups: list, team: string, mfa: bool, age: int } } }';
const serving = (rules: string, more = '') =>
  outcomes(
    fileOf(
      'own',
      `version: 1\n${issuers}\naudiences: { a: {}, b: {} }\nclients: { shop: { auth: { client_secret_basic: { sha256: ${'0a'.repeat(32)} } } } }\n${more}rules:\n${rules}`,
    ),
  );

test.each<[string, string, readonly string[]]>([
  [
    'what only a client gets is passed over',
    '  - { id: one, from: people, client: shop, grant: { audience: a } }\n',
    [],
  ],
  [
    'what needs an actor is passed over',
    '  - { id: one, from: people, actor: { from: people, match: { team: x } }, grant: { audience: a } }\n',
    [],
  ],
  [
    'what a deny rule takes back is passed over',
    '  - { id: one, from: people, grant: { audience: a } }\n  - { id: no, from: people, match: { team: "*e*" }, when: { all: "true" }, deny: { audience: a } }\n  - { id: never, from: people, when: { all: "true" }, deny: { audience: a } }\n',
    [],
  ],
])('%s, and the next one is printed', async (_what, rules, alone) => {
  expect(await serving(rules)).toEqual(alone);
  expect(await serving(`${rules}  - { id: next, from: people, grant: { audience: b } }\n`)).toEqual(['b: granted']);
});

test('a token is made to fit: globs, lists, conditions, and a claim that a deny rule is about', async () => {
  const rule = (more: string) => `  - { id: one, from: people, ${more}, grant: { audience: a } }\n`;
  for (const rules of [
    rule('match: { groups: "platform-*", team: "it\'s" }'),
    rule('when: { adult: "claims.age >= 18", mfa: "claims.mfa" }'),
    `${rule('match: { team: x }')}  - { id: no, from: people, match: { groups: groups-1 }, deny: true }\n`,
  ]) {
    expect(await serving(rules)).toEqual(['a: granted']);
  }
});
