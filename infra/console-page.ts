// The operators' page as one self-contained file: cli/console/page/index.html with its style and its script inside. esbuild; reads
// the sources.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const folder = join(import.meta.dirname, '../cli/console/page');

export async function consolePage(): Promise<string> {
  const [html, style, script] = await Promise.all([
    readFile(join(folder, 'index.html'), 'utf8'),
    readFile(join(folder, 'style.css'), 'utf8'),
    bundled(),
  ]);
  // A script ends at the first `</script`, wherever that stands: esbuild writes `<\/script`.
  return html.replace('<!-- style -->', () => `<style>\n${style}</style>`).replace('<!-- script -->', () => script);
}

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: ['main.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'error',
  });
  return `<script type="module">\n${outputFiles.map(({ text }) => text).join('')}</script>`;
}
