// The client library of the package as one file without dependencies. esbuild; reads the sources.
import { build } from 'esbuild';
import { root } from './release-part.ts';

/** CommonJS for `import` and `require` alike: an ES module's import of node:crypto would load its Web Crypto, too. */
export async function bundleClient(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['cli/client/client.ts'],
    write: false,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: true,
    legalComments: 'none',
    logLevel: 'error',
  });
  return outputFiles.map(({ text }) => text).join('');
}
