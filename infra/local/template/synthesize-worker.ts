// Runs the synchronous synthesis beside the stack's own event loop, so that Ctrl-C is heard meanwhile. I/O: writes outdir.
import { parentPort, workerData } from 'node:worker_threads';
import { type SynthesizeOptions, synthesize } from '../../synthesize.ts';

// Loaded before the policy is compiled: the CDK takes seconds to load.
const { outdir } = workerData as { readonly outdir: string };

parentPort?.once('message', (options: Omit<SynthesizeOptions, 'outdir'>) => {
  parentPort?.postMessage(synthesize({ ...options, outdir }));
});
