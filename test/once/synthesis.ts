// The run's own synthesis, as the local stack takes one (see ./run-process.ts): the same code in another process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Synthesis } from '../../infra/local/template/synthesis-thread.ts';
import type { Synthesized } from '../../infra/synthesize.ts';
import { askTheRun, synthesisPath } from './ask-the-run.ts';

/** Its folder, with the functions' bundles in it, lasts until it is closed. */
export function openSynthesis(): Synthesis {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-local-'));
  return {
    run: (options) => askTheRun<Synthesized>(synthesisPath, { ...options, outdir: join(folder, 'cdk.out') }),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
