// The import directions hold, and the check that says so can fail.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin/depcruise');
const folders = ['infra', 'functions', 'shared', 'cli'];

interface Report {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

interface Configuration {
  readonly forbidden: readonly { readonly name: string }[];
}

function cruise(cwd: string): Report {
  const options = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const { stdout } = spawnSync(process.execPath, [bin, ...options], { cwd, encoding: 'utf8', maxBuffer: 1e8 });
  return JSON.parse(stdout) as Report;
}

/** A file, what it must not import, and what it may. */
type Seed = readonly [rule: string, what: string, path: string, wrong: string, right: string];

const seeds: readonly Seed[] = [
  ['no-cycles', 'two files import each other', 'shared/oauth/a.ts', './imports-a.ts', './x.ts'],
  ['resolvable', 'a file is not there', 'shared/oauth/b.ts', './absent.ts', './x.ts'],
  ['oauth-is-pure', 'the protocol imports infra', 'shared/oauth/c.ts', '../../infra/x.ts', '../policy/x.ts'],
  ['probe-is-pure', 'the probe imports what calls others', 'shared/probe/a.ts', '../issuers/x.ts', '../oauth/x.ts'],
  ['oauth-is-pure', 'the protocol imports what calls AWS', 'shared/oauth/d.ts', '../aws/x.ts', '../policy/x.ts'],
  ['jose-stands-below', 'JOSE imports a request', 'shared/oauth/jose/a.ts', '../request/x.ts', '../denial.ts'],
  ['jose-stands-below', 'JOSE imports a stage', 'shared/oauth/jose/b.ts', '../x.ts', './x.ts'],
  ['request-stands-below', 'a request is verified', 'shared/oauth/request/a.ts', '../verify/x.ts', '../jose/x.ts'],
  ['verify-stands-below', 'verification revokes', 'shared/oauth/verify/a.ts', '../revocation/x.ts', '../request/x.ts'],
  ['revocation-stands-below', 'revocation mints', 'shared/oauth/revocation/a.ts', '../tokens/x.ts', '../verify/x.ts'],
  ['decision-stands-below', 'a decision imports a stage', 'shared/oauth/decision/a.ts', '../x.ts', '../verify/x.ts'],
  ['tokens-stands-below', 'tokens import a stage', 'shared/oauth/tokens/a.ts', '../x.ts', '../decision/x.ts'],
  [
    'role-session-stands-below',
    'a session imports a stage',
    'shared/oauth/role-session/a.ts',
    '../x.ts',
    '../tokens/x.ts',
  ],
  [
    'status-list-stands-below',
    'a list imports events',
    'shared/oauth/status-list/a.ts',
    '../events/x.ts',
    '../jose/x.ts',
  ],
  ['events-stands-below', 'an event imports a stage', 'shared/oauth/events/a.ts', '../x.ts', '../revocation/x.ts'],
  ['audit-is-pure', 'an event calls AWS', 'shared/audit/a.ts', '../aws/x.ts', '../oauth/x.ts'],
  ['policy-is-pure', 'policy imports the protocol', 'shared/policy/a.ts', '../oauth/x.ts', './x.ts'],
  ['pure-core-has-no-io', 'the protocol reads files', 'shared/oauth/e.ts', 'node:fs', 'node:crypto'],
  ['pure-core-has-no-aws', 'the protocol calls AWS', 'shared/oauth/f.ts', '@aws-sdk/client-kms', 'node:crypto'],
  ['pure-core-has-no-aws', 'an endpoint calls AWS', 'shared/http/a.ts', '@aws-sdk/client-kms', '@middy/core'],
  ['aws-knows-the-core', 'what calls AWS imports an endpoint', 'shared/aws/a.ts', '../http/x.ts', '../oauth/x.ts'],
  ['http-knows-the-core', 'an endpoint fetches keys', 'shared/http/b.ts', '../issuers/x.ts', '../oauth/x.ts'],
  ['issuers-know-the-core', 'a key is fetched for an answer', 'shared/issuers/a.ts', '../http/x.ts', '../oauth/x.ts'],
  ['basics-stand-alone', 'a map imports a policy', 'shared/expiring-map.ts', './policy/x.ts', 'node:util'],
  ['config-stands-alone', 'names of variables import a policy', 'shared/config.ts', './policy/x.ts', 'node:util'],
  ['functions-wire-shared', 'a function imports infra', 'functions/a.ts', '../infra/x.ts', '../shared/aws/x.ts'],
  ['functions-wire-shared', 'a function imports another', 'functions/b.ts', './x.ts', './wiring.ts'],
  [
    'tenants-are-compiled',
    'the compiler of tenants is the whole of infra',
    'functions/tenants.ts',
    '../infra/x.ts',
    '../infra/policy/compile-tenant.ts',
  ],
  [
    'infra-writes-config-and-policy',
    'the construct verifies',
    'infra/a.ts',
    '../shared/oauth/x.ts',
    '../shared/config.ts',
  ],
  ['nothing-needs-a-release', 'the app imports its release', 'infra/b.ts', './release/x.ts', './x.ts'],
  ['local-runs-the-template', 'the local stack answers', 'infra/local/a.ts', '../../shared/http/x.ts', '../x.ts'],
  ['cli-runs-beside-credentials', 'the command verifies', 'cli/a.ts', '../shared/oauth/x.ts', '../shared/policy/x.ts'],
  ['cli-has-no-dependencies-but-the-policy-compiler', 'the command has a package', 'cli/b.ts', 'yaml', 'node:util'],
];

/** What the seeds import. */
const imported: readonly string[] = [
  ...['decision', 'events', 'jose', 'request', 'revocation', 'tokens', 'verify'].map(
    (room) => `shared/oauth/${room}/x.ts`,
  ),
  ...['aws', 'http', 'issuers', 'oauth', 'policy'].map((room) => `shared/${room}/x.ts`),
  ...[
    'shared/oauth/denial.ts',
    'functions/x.ts',
    'functions/wiring.ts',
    'infra/x.ts',
    'infra/policy/compile-tenant.ts',
    'infra/release/x.ts',
  ],
];

describe('the import check', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-imports-'));
  let found: Report['summary']['violations'] = [];
  beforeAll(() => {
    found = cruise(tree('wrong')).summary.violations;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A project whose seeded files import what they must not, or what they may. */
  function tree(side: 'wrong' | 'right'): string {
    const at = join(folder, side);
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(at, path)), { recursive: true });
      writeFileSync(join(at, path), `${text}\n`);
    };
    for (const path of imported) write(path, 'export const x = 1;');
    write('shared/oauth/imports-a.ts', "import './a.ts';");
    for (const [, , path, wrong, right] of seeds) write(path, `import '${side === 'wrong' ? wrong : right}';`);
    for (const name of ['node_modules', '.dependency-cruiser.cjs', 'tsconfig.json']) {
      symlinkSync(join(root, name), join(at, name));
    }
    return at;
  }

  test.each(seeds)('finds %s when %s', (rule, _what, path) => {
    expect(found.filter(({ from }) => from === path).map((violation) => violation.rule.name)).toContain(rule);
  });

  test('is content with the same files when they import the right way', () => {
    const { summary, modules } = cruise(tree('right'));
    expect(summary.violations).toEqual([]);
    expect(modules.map(({ source }) => source)).toEqual(expect.arrayContaining(seeds.map(([, , path]) => path)));
  });

  test('has no rule that is not seeded here', () => {
    const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as Configuration;
    expect([...new Set(seeds.map(([rule]) => rule))].sort()).toEqual(forbidden.map(({ name }) => name).sort());
  });

  test('is content with the project, whose every folder it reads', () => {
    const { summary, modules } = cruise(root);
    expect(summary.violations).toEqual([]);
    for (const folder of folders) expect(modules.some(({ source }) => source.startsWith(`${folder}/`))).toBe(true);
  });
});
