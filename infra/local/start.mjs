// What `npm start` runs: plain JavaScript, so that a Node that cannot load TypeScript can still say what is missing.
const [major] = process.versions.node.split('.');

if (Number(major) < 24) {
  process.stderr.write(
    `The local stack needs Node 24 or newer; this is Node ${process.versions.node}. npm ci brings it on Linux; elsewhere, install it.\n`,
  );
  process.exit(1);
}
// Until the stack listens to signals itself there is nothing to stop.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
await import('./start.ts');
