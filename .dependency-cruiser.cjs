// Imports run one way (see CONTRIBUTING.md). test/imports.test.ts seeds a violation of each rule.
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(infra|functions|shared|cli|test)/', pathNot: allowed },
});

/** Beside the rooms of `shared`, and of no room. */
const everywhere = ['^shared/(config|deadline|expiring-map|causes|loaded-once|metrics|version)\\.ts$'];

// What every room of shared/oauth may use; and the rooms, each with those it stands on. The files beside them are the stages.
const base = '^shared/oauth/(denial|oauth-error|token-types)\\.ts$';
// Where a token's status is belongs to what a use is for.
const verified = ['verify', 'request', 'jose', 'status-list/status-list-id\\.ts'];
const stages = [
  ['jose', ['jose']],
  ['request', ['request', 'jose']],
  ['verify', verified],
  ['revocation', ['revocation', ...verified]],
  ...['decision', 'tokens', 'role-session', 'status-list', 'events'].map((room) => [
    room,
    ['decision', 'tokens', 'role-session', 'status-list', 'revocation', ...verified, room],
  ]),
];

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^aws-lambda$' } }, // types alone: @types/aws-lambda
    only('oauth-is-pure', '^shared/oauth/', ['^shared/(oauth|policy)/']),
    ...stages.map(([room, below]) =>
      only(`${room}-stands-below`, `^shared/oauth/${room}/`, [
        '^shared/policy/',
        base,
        ...below.map((name) => `^shared/oauth/${name}`),
      ]),
    ),
    only('audit-is-pure', '^shared/audit/', ['^shared/(audit|oauth|policy)/', ...everywhere]),
    only('probe-is-pure', '^shared/probe/', ['^shared/(probe|oauth|policy)/']),
    only('policy-is-pure', '^shared/policy/', ['^shared/policy/']),
    {
      name: 'pure-core-has-no-io',
      severity: 'error',
      from: { path: '^shared/(oauth|policy|audit|probe)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|zlib)$' },
    },
    {
      name: 'pure-core-has-no-aws',
      severity: 'error',
      from: { path: '^shared/(oauth|policy|audit|probe|http|issuers)/' },
      to: { path: 'node_modules/@aws-sdk/' },
    },
    only('aws-knows-the-core', '^shared/aws/', ['^shared/(aws|audit|oauth|policy)/', ...everywhere]),
    only('http-knows-the-core', '^shared/http/', ['^shared/(http|audit|probe|oauth|policy)/', ...everywhere]),
    only('issuers-know-the-core', '^shared/issuers/', ['^shared/(issuers|oauth|policy)/', ...everywhere]),
    only('basics-stand-alone', '^shared/(deadline|expiring-map|causes|loaded-once|metrics|version)\\.ts$', ['^$']),
    only('config-stands-alone', '^shared/config\\.ts$', ['^$']),
    // What is put at run time is compiled by what compiles the rest.
    only('tenants-are-compiled', '^functions/tenants\\.ts$', [
      '^shared/',
      '^functions/wiring',
      '^infra/policy/compile-tenant',
    ]),
    only('functions-wire-shared', '^functions/(?!tenants\\.ts$)', ['^shared/', '^functions/wiring']),
    only('infra-writes-config-and-policy', '^infra/(?!local/|release/)', [
      '^infra/(?!local/|release/)',
      '^shared/(config|metrics|version)',
      '^shared/policy/',
    ]),
    only('nothing-needs-a-release', '^(infra|functions|shared|cli)/(?!release/)', [
      '^(infra|functions|shared|cli)/(?!release/)',
    ]),
    // The page at its / is that of `cambio console`; and `npm start` is a command line, too.
    only('local-runs-the-template', '^infra/local/(?!page\\.ts)', [
      '^infra/',
      '^shared/config',
      '^shared/policy/',
      '^cli/(command-line|printable|colour|environment)\\.ts$',
    ]),
    // In the one file the page is a string: infra/cli-bundle.ts puts it in the place of cli/console/page-html.ts.
    only('cli-runs-beside-credentials', '^cli/(?!console/page-html\\.ts)', [
      '^cli/',
      '^shared/(policy|audit)/',
      '^shared/(loaded-once|version)\\.ts$',
      '^infra/policy/',
    ]),
    {
      name: 'cli-has-no-dependencies-but-the-policy-compiler',
      severity: 'error',
      from: { path: '^cli/' },
      to: { path: 'node_modules/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
};
