// The `cambio` command: plain JavaScript, so that a Node that cannot load TypeScript can still say what is missing.
import module from 'node:module';
import { join } from 'node:path';

const [major] = process.versions.node.split('.');

if (Number(major) < 24) {
  process.stderr.write(
    `cambio needs Node 24 or newer; this is Node ${process.versions.node}. npm ci brings it on Linux; elsewhere, install it.\n`,
  );
  process.exit(1);
}
// Half of a start is the compilation of TypeScript, which the next one does not need. Where nothing can be written, nothing is kept.
const caches = join(import.meta.dirname, '../node_modules/.cache');
module.enableCompileCache(process.env.NODE_COMPILE_CACHE ?? join(caches, 'cambio-compiled'));
await import('./cambio.ts');
