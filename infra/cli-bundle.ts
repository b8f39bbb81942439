// The `cambio` command as one file that any Node from 20.16 on runs without anything installed. esbuild; reads the sources.
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { type BuildOptions, build, type Metafile, type OutputFile, type Plugin, transform } from 'esbuild';
import { consolePage } from './console-page.ts';

export interface CliBundle {
  readonly code: string;
  /** Hexadecimal. */
  readonly sha256: string;
  /** What each part is made of. */
  readonly metafile: Metafile;
  /** All that it is made of, by paths below the checkout. */
  readonly sources: readonly string[];
}

const options = {
  platform: 'node',
  target: 'node20',
  minify: true,
  legalComments: 'none',
  logLevel: 'error',
} as const satisfies BuildOptions;

/** Characters of a part beyond which it is packed. */
const longest = 65_536;

/**
 * Each command is a part of its own, and what several share. Node parses what a command needs and no more: as one program, all of
 * them would cost every start a third of Node's own.
 */
export async function bundleCli(): Promise<CliBundle> {
  const { outputFiles, metafile } = await build({
    ...options,
    absWorkingDir: join(import.meta.dirname, '..'),
    entryPoints: ['cli/cambio.ts'],
    outdir: 'parts',
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    mainFields: ['module', 'main'],
    plugins: [pageAsText(await consolePage())],
  });
  const parts = await Promise.all(outputFiles.map(partOf));
  const [short, long] = [
    parts.filter(({ code }) => code.length <= longest),
    parts.filter(({ code }) => code.length > longest),
  ];
  const literals = short.map(({ name, code }) => `${JSON.stringify(name)}: ${asciiJson(code)},\n`);
  const comments = long.map(({ name, code }) => `//${name}:${packed(code)}\n`);
  const code = `${start}const parts = {\n${literals.join('')}};\n${loader}${comments.join('')}`;
  const sha256 = createHash('sha256').update(code).digest('hex');
  return { code, sha256, metafile, sources: Object.keys(metafile.inputs) };
}

interface Part {
  readonly name: string;
  readonly code: string;
}

/** As CommonJS: an ES module's import of one of Node's reads all that it exports, and so loads more. */
async function partOf({ path, text }: OutputFile): Promise<Part> {
  const { code } = await transform(text, { ...options, format: 'cjs', supported: { 'dynamic-import': false } });
  return { name: basename(path), code };
}

/** The same on every machine, which gzip of Node's is not. */
function packed(text: string): string {
  return brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }).toString('base64');
}

/** In ASCII: a file with any other character is held as one of two bytes each. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const start = `#!/usr/bin/env node
// cambio: https://www.rfc-editor.org/rfc/rfc8693.html for CI jobs, pods and people. Apache-2.0.
import { createRequire } from 'node:module';
if (!process.getBuiltinModule) {
  process.stderr.write('cambio needs Node 20.16 or newer; this is Node ' + process.versions.node + '\\n');
  process.exit(1);
}
`;

const loader = `const [require, { compileFunction }] = [createRequire(import.meta.url), process.getBuiltinModule('node:vm')];
/** The policy compiler and the operators' page stand in the last lines of this file, packed: as comments they cost a start next to nothing. */
const longPart = (name) => {
  const text = process.getBuiltinModule('node:fs').readFileSync(new URL(import.meta.url), 'latin1');
  const at = text.lastIndexOf('\\n//' + name + ':');
  if (at < 0) throw new Error('cambio.mjs has been replaced since it was started');
  const from = at + name.length + 4;
  const packed = Buffer.from(text.slice(from, text.indexOf('\\n', from)), 'base64');
  return process.getBuiltinModule('node:zlib').brotliDecompressSync(packed).toString();
};
const loaded = new Map();
const load = (path) => {
  if (!path.startsWith('./')) return require(path);
  const name = path.slice(2);
  const known = loaded.get(name);
  if (known) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  compileFunction(parts[name] ?? longPart(name), ['module', 'require'], { filename: name })(module, load);
  return module.exports;
};
load('./cambio.js');
`;

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
