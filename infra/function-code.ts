// The code of each function, compiled from the sources by esbuild when a process first asks, or before that, beside what it does.
import { basename, join } from 'node:path';
import { type BuildOptions, type BuildResult, build, buildSync } from 'esbuild';
import { type FunctionCode, functionEntries } from './function-entries.ts';

const root = join(import.meta.dirname, '..');

/**
 * What functions load by `import()`, as they say it, and the module it is. Each shares nothing with the functions, nor with
 * another: it is handed what it must have in common with them, as the class of an error.
 */
const ownChunks = {
  './cel.ts': 'shared/policy/cel.ts',
  './tracing/tracing.ts': 'shared/http/tracing/tracing.ts',
  './quota-counting.ts': 'shared/aws/quotas/quota-counting.ts',
  './keys/envelope.ts': 'shared/aws/keys/envelope.ts',
  './single-uses.ts': 'shared/aws/records/single-uses.ts',
  './container-keys.ts': 'shared/aws/direct/container-keys.ts',
  './fetch-json.ts': 'shared/issuers/fetch-json.ts',
  './verify/client-certificate.ts': 'shared/oauth/verify/client-certificate.ts',
  './assume-role.ts': 'shared/aws/assume-role.ts',
  './sts-protocol.ts': 'shared/aws/direct/sts-protocol.ts',
  './status-positions.ts': 'shared/aws/records/status-positions.ts',
  './upstream-introspection.ts': 'shared/issuers/upstream-introspection.ts',
  './dpop-checks.ts': 'shared/aws/records/dpop-checks.ts',
  './run-time-policy.ts': 'shared/aws/policy/run-time-policy.ts',
} as const;

/** The SDK's clients, which are made of much that they share: they have it in files beside them. */
const sdkChunks = {
  './sdk/dynamodb.ts': 'shared/aws/sdk/dynamodb.ts',
  './sdk/kms.ts': 'shared/aws/sdk/kms.ts',
  './sdk/sts.ts': 'shared/aws/sdk/sts.ts',
} as const;

const chunks = { ...ownChunks, ...sdkChunks };

/** Sources stand still while a process synthesizes; making two stacks need not compile them twice. */
let known: Compiled | undefined;

function compiled(): Compiled {
  known ??= compiledOf(buildsOf(builds.map((options) => buildSync(options))));
  return known;
}

/** What esbuild made, on its way from the thread that waited for it. */
export interface Builds {
  readonly functions: Modules;
  readonly optional: Modules;
}

/**
 * Compiles in a process beside this one, so that what is loaded meanwhile costs no time of its own. That process is not stopped
 * afterwards: it ends with this one, and whatever else it is compiling just then would never end.
 */
export async function compileAhead(): Promise<Builds> {
  return buildsOf(await Promise.all(builds.map((options) => build(options))));
}

function buildsOf(results: readonly BuildResult[]): Builds {
  const [functions = new Map(), ...optional] = results.map(modulesOf);
  return { functions, optional: new Map(optional.flatMap((modules) => [...modules])) };
}

/** This process, or thread, need not compile. */
export function takeBuilds(builds: Builds): void {
  known = compiledOf(builds);
}

export const functionCode: FunctionCode = (entry) => compiled().codeOf(entry);

/** What the functions are made of, by paths below the checkout. */
export function functionSources(): readonly string[] {
  return compiled().sources;
}

/** Of both builds. */
const options = {
  absWorkingDir: root,
  outdir: 'bundles',
  outExtension: { '.js': '.mjs' },
  write: false,
  metafile: true,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  minify: true,
  treeShaking: true,
  sourcemap: false,
  legalComments: 'none',
  logLevel: 'error',
  define: { 'process.env.NODE_ENV': '"production"' },
} as const satisfies BuildOptions;

/** Every function at once: what they share is parsed once. */
const functionBuild: BuildOptions = {
  ...options,
  entryPoints: functionEntries.map((entry) => join('functions', `${entry}.ts`)),
  external: Object.keys(chunks),
};

/** A file more to load costs more than the few hundred bytes that chunks have in common. */
const chunkBuild: BuildOptions = { ...options, entryPoints: Object.values(ownChunks), entryNames: '[name]' };

const sdkBuild: BuildOptions = {
  ...options,
  entryPoints: Object.values(sdkChunks),
  entryNames: '[name]',
  splitting: true,
};

const builds: readonly BuildOptions[] = [functionBuild, chunkBuild, sdkBuild];

interface Compiled {
  readonly codeOf: FunctionCode;
  readonly sources: readonly string[];
}

function compiledOf({ functions, optional }: Builds): Compiled {
  const codeOf: FunctionCode = (entry) => {
    const { text = '', imports = [] } = functions.get(`${entry}.mjs`) ?? {};
    const named = imports.filter((path): path is keyof typeof chunks => path in chunks);
    const index = named.reduce(
      (code, path) => code.replaceAll(`import("${path}")`, `import("./${fileOf(path)}")`),
      text,
    );
    const files = reachable(
      named.map((path) => basename(fileOf(path))),
      optional,
    );
    return new Map([
      ['index.mjs', index],
      ...files.map((file) => [join('chunks', file), optional.get(file)?.text ?? ''] as const),
    ]);
  };
  return { codeOf, sources: [...functions.values(), ...optional.values()].flatMap(({ sources }) => sources) };
}

function fileOf(path: keyof typeof chunks): string {
  return `chunks/${basename(chunks[path], '.ts')}.mjs`;
}

interface Module {
  readonly text: string;
  /** Names of files, or paths as the source says them where esbuild leaves them alone. */
  readonly imports: readonly string[];
  /** What it is made of, by paths below the checkout. */
  readonly sources: readonly string[];
}

/** By name of the file. */
type Modules = ReadonlyMap<string, Module>;

function modulesOf({ outputFiles = [], metafile }: BuildResult): Modules {
  return new Map(
    outputFiles.map(({ path, text }) => {
      const name = basename(path);
      const { imports = [], inputs = {} } = metafile?.outputs[`${options.outdir}/${name}`] ?? {};
      const module = { text: withRequire(text), imports: imports.map(importedName), sources: Object.keys(inputs) };
      return [name, module];
    }),
  );
}

function importedName({ path, external }: { readonly path: string; readonly external?: boolean }): string {
  return external ? path : basename(path);
}

/** The files, and what they import, and so on. */
function reachable(files: readonly string[], modules: Modules): readonly string[] {
  const found = new Set(files);
  // The set grows while it is walked.
  for (const file of found) for (const next of modules.get(file)?.imports ?? []) if (modules.has(next)) found.add(next);
  return [...found].sort();
}

/** esbuild's stand-in for `require` throws in ES modules unless a real one is in scope; CommonJS dependencies need it. */
function withRequire(code: string): string {
  if (!code.includes('Dynamic require of')) return code;
  return `import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);${code}`;
}
