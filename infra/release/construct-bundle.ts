// The construct as an ES module, and the app of this repository as another beside it, with the libraries of the policy compiler in what
// both import: what uses them installs none of those. esbuild; reads the sources.
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { root } from './release-part.ts';

export interface ConstructBundle {
  /** By name: index.js is the construct, app.js the app. */
  readonly files: Readonly<Record<string, string>>;
  /** What it is made of, by paths below the checkout. */
  readonly sources: readonly string[];
}

/** Sources are compiled here, and read there from where the package has them. */
const packedCode: Plugin = {
  name: 'packed-function-code',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/function-code\.ts$/ }, () => ({
      path: join(import.meta.dirname, 'packed-function-code.ts'),
    })),
};

const start = `import { createRequire as __createRequire } from 'node:module';
const require = __createRequire(import.meta.url);
`;

export async function bundleConstruct(): Promise<ConstructBundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { index: 'infra/exports.ts', app: 'infra/app.ts' },
    outdir: 'package',
    splitting: true,
    chunkNames: 'construct-[hash]',
    write: false,
    metafile: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['aws-cdk-lib', 'constructs'],
    plugins: [packedCode],
    // yaml is CommonJS for Node, and asks for modules of Node.
    banner: { js: start },
    legalComments: 'none',
    logLevel: 'error',
  });
  const files = Object.fromEntries(outputFiles.map(({ path, text }) => [basename(path), text]));
  return { files, sources: Object.keys(metafile.inputs) };
}
