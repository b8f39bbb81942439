// The construct as one ES module, with the libraries of the policy compiler in it: what uses it installs none of them. esbuild; reads
// the sources.
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { root } from './release-part.ts';

export interface ConstructBundle {
  readonly code: string;
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
    entryPoints: ['infra/exports.ts'],
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
  return { code: outputFiles.map(({ text }) => text).join(''), sources: Object.keys(metafile.inputs) };
}
