// The npm package `cambio-token-exchange`: the construct and the client library compiled, their declarations, and each function's
// code compiled already, so that what makes those does not travel. A folder, and the tarball of it. Writes files; runs npm, which
// asks no registry.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { functionCode, functionSources } from '../function-code.ts';
import { functionEntries } from '../function-entries.ts';
import { policyJsonSchema } from '../policy/schema/json-schema.ts';
import { bundleClient } from './client-bundle.ts';
import { bundleConstruct } from './construct-bundle.ts';
import { declarationsOf } from './declarations.ts';
import { filesOfFunctions } from './function-files.ts';
import { licencesOf } from './licences.ts';
import { settleModes } from './modes.ts';
import { description, license, type ReleasePart, root, version } from './release-part.ts';

const name = 'cambio-token-exchange';

/** Where what the construct uses begins: `Validations` that take the ids of findings with an ARN in them. */
const peerDependencies = { 'aws-cdk-lib': '^2.269.0', constructs: '^10.5.0' };

const manifest = {
  ...{ name, version, description, license },
  keywords: ['aws-cdk', 'oauth2', 'token-exchange', 'rfc8693', 'oidc'],
  type: 'module',
  // From here on CommonJS can `require` an ES module.
  engines: { node: '>=20.19' },
  main: './index.js',
  types: './types/infra/exports.d.ts',
  exports: {
    '.': { types: './types/infra/exports.d.ts', default: './index.js' },
    './client': { types: './types/cli/client/client.d.ts', default: './client.cjs' },
    './package.json': './package.json',
    './policy.schema.json': './policy.schema.json',
  },
  files: [
    '*.js',
    'client.cjs',
    'cdk.json',
    'policy',
    'types',
    'functions',
    'policy.schema.json',
    'CHANGELOG.md',
    'THIRD-PARTY-LICENSES',
  ],
  peerDependencies,
};

/** @param dist where the folder comes to be, of the package's name, and the tarball beside it */
export const makePackage: ReleasePart = async (dist) => {
  const folder = join(dist, name);
  await writePackage(folder);
  settleModes(folder);
  const packed = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', dist], {
    ...{ cwd: folder, encoding: 'utf8' },
  });
  return [packed.trim()];
};

/** The package as npm would unpack it. */
export async function writePackage(folder: string): Promise<void> {
  const { files: modules, sources } = await bundleConstruct();
  const files = {
    'package.json': `${JSON.stringify(manifest, undefined, 2)}\n`,
    ...modules,
    'cdk.json': appSettings(),
    'client.cjs': await bundleClient(),
    'THIRD-PARTY-LICENSES': licencesOf([...sources, ...functionSources()]),
    'policy.schema.json': policyJsonSchema(),
    ...declarationsOf('infra/exports.ts'),
    ...declarationsOf('cli/client/client.ts'),
    ...filesOfFunctions(functionEntries, functionCode),
  };
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  for (const file of ['LICENSE', 'CHANGELOG.md']) copyFileSync(join(root, file), join(folder, file));
  copyFileSync(join(root, 'docs/package.md'), join(folder, 'README.md'));
  // What the app synthesizes without -c policy, and knows by its hash.
  mkdirSync(join(folder, 'policy'));
  for (const file of ['demonstration.yaml', 'demonstration.test.yaml']) {
    copyFileSync(join(root, 'infra/policy', file), join(folder, 'policy', file));
  }
}

/** Of the app, for `cdk` in the package's folder: the feature flags of the repository's. */
function appSettings(): string {
  const settings = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
  return `${JSON.stringify({ ...settings, app: 'node app.js' }, undefined, 2)}\n`;
}
