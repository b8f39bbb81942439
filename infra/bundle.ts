// One Lambda bundle: esbuild makes index.mjs of a functions/*.ts entry; beside it lie the compiled policy, and in sdk/ what the
// function loads only where it is needed. Writes to a temporary directory.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import type { PolicyArtifact } from '../shared/policy/compiled-policy.ts';

const root = join(import.meta.dirname, '..');

const entries = [
  ...(['token', 'introspect', 'revoke', 'admin-revocations', 'suspensions', 'events'] as const),
  ...(['discovery', 'jwks', 'status-lists', 'decisions', 'session-revocations', 'keyring-seed'] as const),
  ...(['value-digests'] as const),
] as const;

/** A file of functions/, without its ending. */
export type FunctionEntry = (typeof entries)[number];

export interface Bundle {
  readonly entry: FunctionEntry;
  /** Becomes policy.json; leave it out for functions that do not read the policy. */
  readonly policy?: PolicyArtifact;
}

/**
 * Bundles into a temporary directory, hands it to `use`, and removes it afterwards. CDK stages an asset while its
 * construct is made, so `use` must make the construct.
 */
export function withBundle<Result>(bundle: Bundle, use: (directory: string) => Result): Result {
  const directory = mkdtempSync(join(tmpdir(), 'cambio-bundle-'));
  try {
    for (const [path, code] of compiled(bundle)) write(join(directory, path), code);
    if (bundle.policy) write(join(directory, 'policy.json'), JSON.stringify(bundle.policy));
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Lambda runs code as another user, and CDK keeps the mode of a file, which its hash says nothing of: a file that only its
 * owner may read would be a function that never starts, until its content changes.
 */
function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  // Not an option of the write: the umask would take from it.
  chmodSync(path, 0o644);
}

/** Code by its path in the bundle. */
type Files = ReadonlyMap<string, string>;

/** Sources stand still while a process synthesizes; making two stacks need not compile them twice. */
const modules = new Map<boolean, ReadonlyMap<string, string>>();
let sdk: Files | undefined;

function compiled({ entry, policy }: Bundle): Files {
  const conditions = policy?.rules.some(({ when }) => when !== undefined && when.length > 0) ?? false;
  // Only functions that read a policy differ by it: the others take what is there.
  const known = policy ? modules.get(conditions) : [...modules.values()][0];
  const all = known ?? compileAll(conditions);
  if (!known) modules.set(conditions, all);
  const code = all.get(entry) ?? '';
  const index = code.replaceAll(sdkImport, '"$1.mjs"');
  if (index === code) return new Map([['index.mjs', index]]);
  sdk ??= compileSdk();
  return new Map([['index.mjs', index], ...sdk]);
}

const options = {
  absWorkingDir: root,
  outdir: 'bundles',
  write: false,
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
} as const satisfies BuildOptions;
const production = { 'process.env.NODE_ENV': '"production"' };

/** What shared/aws/clients.ts loads by `import()`, as it says it. Modules that only call the SDK: they share nothing with it. */
const sdkModules = ['./sdk/dynamodb.ts', './sdk/kms.ts', './sdk/sts.ts'];
const sdkImport = /"(\.\/sdk\/\w+)\.ts"/g;

/**
 * Compiles every function at once: what they share is parsed once.
 * @param conditions whether bundles hold the interpreter of `when`, see shared/policy/condition-evaluator.ts
 */
function compileAll(conditions: boolean): ReadonlyMap<string, string> {
  const { outputFiles } = buildSync({
    ...options,
    entryPoints: entries.map((entry) => join('functions', `${entry}.ts`)),
    external: sdkModules,
    define: { ...production, ...(!conditions && { NO_CONDITIONS: 'true' }) },
  });
  return new Map(outputFiles.map(({ path, text }) => [basename(path, '.js'), withRequire(text)]));
}

/** The SDK's clients, and in chunks what they have in common. */
function compileSdk(): Files {
  const { outputFiles } = buildSync({
    ...options,
    entryPoints: sdkModules.map((path) => join('shared/aws', path)),
    splitting: true,
    outExtension: { '.js': '.mjs' },
    define: production,
  });
  return new Map(outputFiles.map(({ path, text }) => [join('sdk', basename(path)), withRequire(text)]));
}

/** esbuild's stand-in for `require` throws in ES modules unless a real one is in scope; CommonJS dependencies need it. */
function withRequire(code: string): string {
  if (!code.includes('Dynamic require of')) return code;
  return `import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);${code}`;
}
