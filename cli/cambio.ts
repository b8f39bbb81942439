// The `cambio` command.
import { run } from './run.ts';

process.exitCode = await run(
  process.argv.slice(2),
  {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  },
  { environment: process.env, now: Date.now, fetch },
);
