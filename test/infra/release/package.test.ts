// The package in a CDK app as `cdk init app --language typescript` makes it: CommonJS, one tsc, one synth. What an app takes from a
// registry it has from this checkout here, so that nothing else is there.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compilePolicy } from '../../../infra/policy/compile-policy.ts';
import { writePackage } from '../../../infra/release/package.ts';
import { forTheTemplate, synthesize } from '../../../infra/synthesize.ts';
import { TokenExchange } from '../../../infra/token-exchange.ts';
import { compiledOnce } from '../../compiled-once.ts';

const root = join(import.meta.dirname, '../../..');
const modules = join(root, 'node_modules');

let app: string;
let folder: string;
beforeAll(async () => {
  app = mkdtempSync(join(tmpdir(), 'cambio-app-'));
  folder = join(app, 'node_modules/cambio-token-exchange');
  await writePackage(folder);
  for (const name of ['aws-cdk-lib', 'constructs', '@types/node', 'typescript']) {
    mkdirSync(dirname(join(app, 'node_modules', name)), { recursive: true });
    symlinkSync(join(modules, name), join(app, 'node_modules', name));
  }
});
afterAll(() => rmSync(app, { recursive: true, force: true }));

/** As `cdk init` has it, its placeholders filled in. */
function fromTemplate(path: string, target: string, change: (text: string) => string = (text) => text): void {
  const text = readFileSync(join(modules, 'aws-cdk/lib/init-templates/app/typescript', path), 'utf8');
  const named = text
    .replaceAll('%name.PascalCased%', 'App')
    .replaceAll('%name%', 'app')
    .replaceAll('%stackname%', 'AppStack');
  mkdirSync(dirname(join(app, target)), { recursive: true });
  writeFileSync(join(app, target), change(named));
}

test('its manifest has the construct for import and for require, and no dependency but its peers', () => {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({
    name: 'cambio-token-exchange',
    exports: {
      '.': { types: './types/infra/exports.d.ts', default: './index.js' },
      './client': { types: './types/cli/client/client.d.ts', default: './client.cjs' },
    },
  });
  expect(Object.keys(manifest.peerDependencies)).toEqual(['aws-cdk-lib', 'constructs']);
  expect(manifest.dependencies).toBeUndefined();
});

test('its declarations name CDK and each other, and none of the libraries that the policy compiler is made with', () => {
  const files = readdirSync(join(folder, 'types'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.d.ts'),
  );
  const texts = files.map((file) => readFileSync(join(folder, 'types', file), 'utf8'));
  const named = texts.flatMap((text) =>
    [...text.matchAll(/(?:from |import\()['"]([^'"]+)['"]/g)].map(([, name = '']) => name),
  );
  expect(named.filter((name) => !/^(\.\.?\/.*\.js$|aws-cdk-lib(\/|$)|constructs$)/.test(name))).toEqual([]);
  expect(texts.join()).toContain('readonly tokenRole: IRole;');
});

test('its licences are those of all that is compiled into it', () => {
  const licences = readFileSync(join(folder, 'THIRD-PARTY-LICENSES'), 'utf8');
  for (const library of ['zod', 'yaml', '@bufbuild/cel', '@middy/core', 'jose', '@aws-sdk/client-dynamodb']) {
    expect(licences).toContain(`\n${library} `);
  }
  expect(licences).not.toMatch(/^(aws-cdk-lib|esbuild|typescript) \d/m);
});

const policy = join(root, 'infra/policy/demonstration.yaml');

test('an app of `cdk init` that has it compiles, and synthesizes what the repository synthesizes', () => {
  // Without jest: it asks for types that are not here.
  fromTemplate('tsconfig.json', 'tsconfig.json', (text) => text.replace('"jest",', ''));
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', version: '0.1.0' }));
  fromTemplate('bin/%name%.template.ts', 'bin/app.ts');
  fromTemplate('lib/%name%-stack.template.ts', 'lib/app-stack.ts', (text) => {
    const use = `new TokenExchange(this, 'Exchange', { policy: ${JSON.stringify(policy)} });`;
    return `import { TokenExchange } from 'cambio-token-exchange';\n${text.replace('// The code', `${use}\n// The code`)}`;
  });
  writeFileSync(
    join(app, 'lib/caller.ts'),
    `import { createClient, fromCambio, type IssuedToken } from 'cambio-token-exchange/client';
     const cambio = createClient({ url: 'https://cambio.acme.example', workloadToken: 'aws' });
     export const token = (): Promise<IssuedToken> => cambio.token({ audience: 'orders-api' });
     export const credentials = fromCambio({ role: 'deploy', url: 'https://cambio.acme.example' });`,
  );
  const env = { ...compiledOnce, CDK_OUTDIR: join(app, 'cdk.out'), CDK_VALIDATION: 'false' };
  const run = (...args: string[]) => execFileSync(process.execPath, args, { cwd: app, encoding: 'utf8', env });
  expect(run('node_modules/typescript/bin/tsc', '--noEmit', 'false', '--outDir', 'out')).toBe('');
  expect(readFileSync(join(app, 'out/lib/app-stack.js'), 'utf8')).toContain('require("cambio-token-exchange")');
  run('out/bin/app.js');
  run('out/lib/caller.js');
  const loads = "import { CambioError } from 'cambio-token-exchange/client'; console.log(typeof CambioError)";
  expect(run('--input-type=module', '--eval', loads)).toBe('function\n');

  const stack = new Stack(
    new App({ outdir: join(app, 'own.out'), builtinCloudFormationValidation: false }),
    'AppStack',
  );
  new TokenExchange(stack, 'Exchange', { policy });
  const synthesized = JSON.parse(readFileSync(join(app, 'cdk.out/AppStack.template.json'), 'utf8'));
  expect(synthesized.Resources).toEqual(Template.fromStack(stack).toJSON()['Resources']);
});

test('the app in it needs no app of one’s own, and synthesizes for a policy what the repository’s does', () => {
  const own = join(root, 'test/infra/policies/good.yaml');
  const settings = JSON.parse(readFileSync(join(folder, 'cdk.json'), 'utf8'));
  const runPacked = (context: object) => {
    const quick = { ...forTheTemplate.context, 'aws:cdk:version-reporting': false };
    const CDK_CONTEXT_JSON = JSON.stringify({ ...settings.context, ...quick, ...context });
    const env = { ...compiledOnce, CDK_OUTDIR: join(app, 'packed.out'), CDK_VALIDATION: 'false', CDK_CONTEXT_JSON };
    const [command = '', ...args] = settings.app.split(' ');
    expect(command).toBe('node');
    execFileSync(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
    return JSON.parse(readFileSync(join(app, 'packed.out/Cambio.template.json'), 'utf8'));
  };
  const { artifact, values } = compilePolicy(own);
  if (!artifact) expect.fail('the policy does not compile');
  const { template } = synthesize({ policy: { artifact, values }, outdir: join(app, 'repository.out') });
  const { Resources, Outputs, Parameters = {} } = runPacked({ policy: own });
  expect({ Resources, Outputs }).toEqual({ Resources: template['Resources'], Outputs: template['Outputs'] });
  // The demonstration is guarded here, too.
  expect(Parameters['AllowDemonstrationPolicy']).toBeUndefined();
  expect(runPacked({}).Parameters['AllowDemonstrationPolicy']).toMatchObject({ Default: 'false' });
});
