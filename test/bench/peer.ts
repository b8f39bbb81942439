// Exchanges beside oidc-provider and the floor: every row of docs/performance.md with its aim and whether it is met.
// `npm run bench:peer -- [--rows 1,2] [--quick] [--write] [--profile FOLDER]`. Loopback only, about six minutes.
// `--quick` runs everything once, for a look whether it runs; `--write` makes the table and the chart of docs/performance.md anew;
// `--profile` has node write CPU profiles of the measured processes into a folder.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { callRows, memoryRows } from './peer/account-rows.ts';
import type { Bench } from './peer/bench.ts';
import { coldRows, type LoadedFiles } from './peer/cold-rows.ts';
import { openDeployments } from './peer/deployments.ts';
import { delayRows, exchangeRows, inProcessRows, introspectionRows } from './peer/load-rows.ts';
import { functionSizes } from './peer/loaded-modules.ts';
import { pinning, type Server, startDriver, startServer, stopAll } from './peer/processes.ts';
import { markdownTable, svgChart, textTable } from './peer/report.ts';
import { isMet, type Row } from './peer/rows.ts';
import { checkRows, scaleRows } from './peer/scale-rows.ts';
import { makeWorld, type Variant } from './peer/world.ts';

interface Group {
  readonly ids: readonly string[];
  readonly measure: (bench: Bench) => Promise<readonly Row[]>;
}

type Environment = Readonly<Record<string, string>>;

const root = join(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const loaded = new Map<Variant, LoadedFiles>();
/** Rows whose measurement failed: the others are shown all the same. */
const failed: string[] = [];

/** Groups of rows that are measured together, by the first words of their rows. */
const groups: readonly Group[] = [
  { ids: ['1', '1b', '1c', '2', '2b'], measure: exchangeRows },
  { ids: ['3', '6'], measure: inProcessRows },
  { ids: ['4'], measure: delayRows },
  { ids: ['5'], measure: introspectionRows },
  { ids: ['7', '8', 'bytes'], measure: cold },
  { ids: ['9', '9b'], measure: scaleRows },
  { ids: ['10'], measure: memoryRows },
  { ids: ['11', '12'], measure: callRows },
  { ids: ['check'], measure: checkRows },
];

async function cold(bench: Bench): Promise<readonly Row[]> {
  const figures = await coldRows(bench);
  for (const [variant, files] of figures.loaded) loaded.set(variant, files);
  return figures.rows;
}

const wanted = values.rows?.split(',');
const chosen = groups.filter(({ ids }) => wanted === undefined || ids.some((id) => wanted.includes(id)));
if (chosen.length === 0) throw new Error(`no row of ${groups.flatMap(({ ids }) => ids).join(', ')} is named by --rows`);
if (values.write && (wanted !== undefined || values.quick)) throw new Error('--write needs every row, and no --quick');

installPeer();
const started = performance.now();
const rows = await measureAll();
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
console.log(`\n${textTable(rows)}`);
if (failed.length > 0) throw new Error(`not measured: rows ${failed.join(', ')}`);
const missed = rows.filter((row) => !isMet(row)).map(({ id }) => id);
console.log(`\n${missed.length === 0 ? 'every aim is met' : `not met: ${missed.join(', ')}`} (${minutes} minutes)`);
if (values.write) write(rows);
process.exit(0);

/** What only this bench needs has a package of its own, which nothing else installs. */
function installPeer(): void {
  const folder = join(root, 'test', 'bench');
  if (existsSync(join(folder, 'node_modules', 'oidc-provider'))) return;
  console.log('installing oidc-provider into test/bench/node_modules (npm ci)');
  const { status } = spawnSync('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund'], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the peer could not be installed');
}

async function measureAll(): Promise<readonly Row[]> {
  const made = makeWorld();
  const deployments = openDeployments(made.world);
  try {
    const driver = await startDriver(made.world, deployments.worldFile);
    console.log(`node ${process.version}, ${cpus().length} CPUs, ${pinning}`);
    const measured: Row[] = [];
    const size = values.quick ? { rounds: 1, seconds: 0.3 } : { rounds: 5, seconds: 1.2 };
    const once = async ({ measure }: Group): Promise<readonly Row[]> => {
      const servers: Server[] = [];
      const start = async (script: string, env: Environment, log?: number): Promise<Server> => {
        const server = await startServer(script, { ...env, ...driver.environment, ...profile() }, log);
        servers.push(server);
        return server;
      };
      try {
        await driver.delay({ kms: 0, dynamodb: 0 });
        return await measure({
          ...{ made, deployments, driver, ...size, quick: values.quick },
          serve: (script, env = {}) => start(script, env),
          serveFunction: ({ directory, environment }, log) =>
            start('function-server.mjs', { ...environment, LAMBDA_TASK_ROOT: directory }, log),
        });
      } finally {
        for (const server of servers) await server.stop();
      }
    };
    for (const group of chosen) {
      const from = performance.now();
      const name = group.ids.join(', ');
      try {
        // One stall of a busy machine must not cost the whole run.
        const attempt = once(group).catch((error: unknown) => {
          console.error(`rows ${name} are measured again:`, error);
          return once(group);
        });
        measured.push(...(await attempt));
      } catch (error) {
        failed.push(...group.ids);
        console.error(`rows ${name}:`, error);
      }
      console.log(`rows ${name}: ${((performance.now() - from) / 1_000).toFixed(0)} s`);
    }
    return measured;
  } finally {
    stopAll();
    deployments.remove();
  }
}

function profile(): Environment {
  return values.profile === undefined ? {} : { NODE_PROFILE: values.profile };
}

function write(all: readonly Row[]): void {
  const page = join(root, 'docs', 'performance.md');
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim();
  const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, commit ${commit}.`;
  const text = readFileSync(page, 'utf8');
  const figures = within(text, 'figures', `${machine}\n\n${markdownTable(all)}`);
  writeFileSync(page, within(figures, 'loaded', loadedTables()));
  writeFileSync(join(root, 'docs', 'performance.svg'), svgChart(all));
  console.log('docs/performance.md and docs/performance.svg are written');
}

/** Puts text between the page's comments of this name. */
function within(page: string, name: string, text: string): string {
  const pattern = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- end of ${name} -->)`);
  if (!pattern.test(page)) throw new Error(`docs/performance.md has no place for ${name}`);
  return page.replace(pattern, (_all, open: string, close: string) => `${open}${text}\n${close}`);
}

function kilobytes(bytes: number): string {
  return (bytes / 1_024).toFixed(1);
}

function loadedTables(): string {
  const files = [...loaded].flatMap(([variant, sizes]) =>
    [...sizes].map(([file, bytes]) => `| ${variant} | ${file} | ${kilobytes(bytes)} |`),
  );
  const functions = functionSizes().map(({ name, parts }) => {
    const whole = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
    const named = parts.filter(([, bytes]) => bytes >= 500).map(([part, bytes]) => `${part} ${kilobytes(bytes)}`);
    return `| \`${name}\` | ${kilobytes(whole)} | ${named.join(', ')} |`;
  });
  return [
    'Files that the token function has loaded when its first answer is out, in KB:\n',
    ['| policy | file | KB |', '|---|---|---|', ...files].join('\n'),
    '\nWhat the code of each function is made of, in KB (esbuild’s account of what is there from the start; parts under 0.5 KB left out):\n',
    ['| function | KB | of which |', '|---|---|---|', ...functions].join('\n'),
  ].join('\n');
}
