// The `cambio` command as one file that any Node from 20.16 on runs without anything installed. esbuild; reads the sources.
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { type BuildOptions, type BuildResult, build, type Metafile, type Plugin } from 'esbuild';
import { consolePage } from './console-page.ts';

export interface CliBundle {
  readonly code: string;
  /** Hexadecimal. */
  readonly sha256: string;
  /** What became part of it before the policy commands are loaded. */
  readonly metafile: Metafile;
  /** All that it is made of, the policy commands too, by paths below the checkout. */
  readonly sources: readonly string[];
}

/** One copy of cli/usage.ts for both parts: its error class is told apart by identity. */
const shared = 'cambio:usage';

type Options = BuildOptions & { readonly write: false; readonly metafile: true };

const options: Options = {
  absWorkingDir: join(import.meta.dirname, '..'),
  write: false,
  metafile: true,
  bundle: true,
  // CommonJS requires a module of Node when it is first needed; what an ES module imports is loaded at the start.
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  minify: true,
  legalComments: 'none',
  logLevel: 'error',
};

const start = `#!/usr/bin/env node
// cambio: https://www.rfc-editor.org/rfc/rfc8693.html for CI jobs, pods and people. Apache-2.0.
import { createRequire } from 'node:module';
if (!process.getBuiltinModule) {
  process.stderr.write('cambio needs Node 20.16 or newer; this is Node ' + process.versions.node + '\\n');
  process.exit(1);
}
const require = createRequire(import.meta.url);
`;

export async function bundleCli(): Promise<CliBundle> {
  const policy = await build({ ...options, entryPoints: ['cli/policy/compiler-commands.ts'], plugins: [sharedUsage] });
  const plugins = [deferred(textOf(policy)), pageAsText(await consolePage())];
  const main = await build({ ...options, entryPoints: ['cli/cambio.ts'], plugins });
  const code = `${start}${textOf(main)}`;
  const sha256 = createHash('sha256').update(code).digest('hex');
  const sources = [main, policy].flatMap(({ metafile }) => Object.keys(metafile.inputs));
  return { code, sha256, metafile: main.metafile, sources };
}

/** From whichever room it is imported. */
const sharedUsage: Plugin = {
  name: 'shared-usage',
  setup: ({ onResolve }) => onResolve({ filter: /[\\/]usage\.ts$/ }, () => ({ path: shared, external: true })),
};

/**
 * The policy compiler is nine tenths of the file and no job, pod or agent needs it. As a string it costs a start nothing:
 * it is parsed when a policy command is called.
 */
function deferred(code: string): Plugin {
  return {
    name: 'deferred',
    setup: ({ onResolve, onLoad }) => {
      // In a namespace of its own it is no part of the package, whose files are all ES modules: here it is CommonJS.
      onResolve({ filter: /[\\/]policy[\\/]compiler-commands\.ts$/ }, ({ path, resolveDir }) => ({
        path: join(resolveDir, path),
        namespace: 'deferred',
      }));
      onLoad({ filter: /./, namespace: 'deferred' }, ({ path }) => ({
        loader: 'js',
        resolveDir: dirname(path),
        contents: `const load = (name) => (name === ${JSON.stringify(shared)} ? require('../usage.ts') : require(name));
          new Function('module', 'require', ${JSON.stringify(code)})(module, load);`,
      }));
    },
  };
}

/** The page that the sources build with esbuild, which is not there beside the one file. */
function pageAsText(html: string): Plugin {
  return {
    name: 'page-as-text',
    setup: ({ onLoad }) =>
      onLoad({ filter: /[\\/]console[\\/]page-html\.ts$/ }, () => ({
        loader: 'js',
        contents: `export const pageHtml = async () => ${JSON.stringify(html)};`,
      })),
  };
}

function textOf({ outputFiles }: BuildResult<Options>): string {
  return outputFiles.map(({ text }) => text).join('');
}
