// What each function loads, by the part of the program it comes from: esbuild's account of every function of functions/ and of the
// modules it loads on demand. For docs/performance.md.
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildSync } from 'esbuild';

const root = join(import.meta.dirname, '..', '..', '..');

export interface FunctionSize {
  readonly name: string;
  /** Bytes of minified code by part, the largest first. */
  readonly parts: readonly (readonly [string, number])[];
}

/** Parts of the program, and what is not ours by its package. */
function partOf(path: string): string {
  const [, library] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
  if (library?.startsWith('@aws-sdk/') || library?.startsWith('@smithy/')) return 'AWS SDK';
  if (library !== undefined) return library;
  return path.split('/').slice(0, 2).join('/').replace(/\.ts$/, '');
}

/** Of code that is there from the start: what `import()` brings lies beside it. */
export function functionSizes(): readonly FunctionSize[] {
  const entries = globSync('functions/*.ts', { cwd: root }).filter((path) => basename(path) !== 'wiring.ts');
  return entries.toSorted().map((entry) => {
    const { metafile } = buildSync({
      ...{ absWorkingDir: root, entryPoints: [entry], outdir: 'bundles', write: false, metafile: true },
      ...{ bundle: true, format: 'esm', platform: 'node', target: 'node24', mainFields: ['module', 'main'] },
      ...{ minify: true, splitting: true, legalComments: 'none', logLevel: 'error' },
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    const outputs = Object.entries(metafile.outputs);
    const start = outputs.find(([, { entryPoint }]) => entryPoint === entry)?.[0] ?? '';
    const sizes = new Map<string, number>();
    for (const name of staticallyLoaded(metafile.outputs, start)) {
      for (const [path, { bytesInOutput }] of Object.entries(metafile.outputs[name]?.inputs ?? {})) {
        const part = partOf(path);
        sizes.set(part, (sizes.get(part) ?? 0) + bytesInOutput);
      }
    }
    return { name: basename(entry, '.ts'), parts: [...sizes].toSorted(([, a], [, b]) => b - a) };
  });
}

interface Output {
  readonly imports: readonly { readonly path: string; readonly kind: string }[];
}

function staticallyLoaded(
  outputs: Readonly<Record<string, Output>>,
  start: string,
  known = new Set<string>(),
): ReadonlySet<string> {
  if (known.has(start)) return known;
  known.add(start);
  for (const { path, kind } of outputs[start]?.imports ?? []) {
    if (kind === 'import-statement') staticallyLoaded(outputs, path, known);
  }
  return known;
}
