// Runs the synchronous synthesis beside the stack's own event loop, so that Ctrl-C is heard meanwhile. I/O: writes outdir.
import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { Builds } from '../../function-code.ts';
import type { SynthesizeOptions } from '../../synthesize.ts';

const { outdir, compileCache } = workerData as { readonly outdir: string; readonly compileCache: string | undefined };
// Threads do not take it from their process.
if (compileCache !== undefined) enableCompileCache(compileCache);

// Loaded before the policy is compiled: the CDK takes seconds to load.
const { takeBuilds } = await import('../../function-code.ts');
const { synthesize } = await import('../../synthesize.ts');

export interface SynthesisOrder {
  readonly options: Omit<SynthesizeOptions, 'outdir'>;
  readonly builds: Builds;
}

parentPort?.once('message', ({ options, builds }: SynthesisOrder) => {
  takeBuilds(builds);
  parentPort?.postMessage(synthesize({ ...options, outdir }));
});
