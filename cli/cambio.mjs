// The `cambio` command: plain JavaScript, so that a Node that cannot load TypeScript can still say what is missing.
const [major] = process.versions.node.split('.');

if (Number(major) < 24) {
  process.stderr.write(
    `cambio needs Node 24 or newer; this is Node ${process.versions.node}. npm ci brings it on Linux; elsewhere, install it.\n`,
  );
  process.exit(1);
}
await import('./cambio.ts');
