// Imports run one way (see CONTRIBUTING.md). test/imports.test.ts seeds a violation of these rules.
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(infra|functions|shared|cli|test)/', pathNot: allowed },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^aws-lambda$' } }, // types alone: @types/aws-lambda
    only('oauth-is-pure', '^shared/oauth/', ['^shared/(oauth|policy)/']),
    only('policy-is-pure', '^shared/policy/', ['^shared/policy/']),
    {
      name: 'pure-core-has-no-io',
      severity: 'error',
      from: { path: '^shared/(oauth|policy)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|zlib)$' },
    },
    {
      name: 'pure-core-has-no-aws',
      severity: 'error',
      from: { path: '^shared/(oauth|policy|http)/' },
      to: { path: 'node_modules/@aws-sdk/' },
    },
    only('aws-knows-the-core', '^shared/aws/', ['^shared/(aws|oauth|policy)/', '^shared/config']),
    only('http-knows-the-core', '^shared/http/', ['^shared/(http|oauth|policy)/', '^shared/config']),
    only('config-stands-alone', '^shared/config', ['^shared/config']),
    only('functions-wire-shared', '^functions/', ['^shared/', '^functions/endpoint-parts']),
    only('infra-writes-config-and-policy', '^infra/(?!local/)', [
      '^infra/(?!local/)',
      '^shared/config',
      '^shared/policy/',
    ]),
    only('local-runs-the-template', '^infra/local/', ['^infra/', '^shared/config', '^shared/policy/']),
    only('cli-runs-beside-credentials', '^cli/', ['^cli/', '^shared/policy/', '^infra/policy/']),
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
