// Synthesis of the template in a worker thread with a temporary folder for the cloud assembly. I/O: thread, files.
import { mkdtempSync, rmSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { compileAhead } from '../../function-code.ts';
import type { Synthesized, SynthesizeOptions } from '../../synthesize.ts';
import type { SynthesisOrder } from './synthesize-worker.ts';

export interface Synthesis {
  readonly run: (options: Omit<SynthesizeOptions, 'outdir'>) => Promise<Synthesized>;
  /** Stops a synthesis that is running and removes the folder, and with it the functions' bundles. */
  readonly close: () => Promise<void>;
}

/** Starts loading the CDK and compiling the functions at once, beside each other. */
export function startSynthesis(): Synthesis {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-local-'));
  const worker = new Worker(new URL('./synthesize-worker.ts', import.meta.url), {
    workerData: { outdir: join(folder, 'cdk.out'), compileCache: getCompileCacheDir() },
    // A synthesis that is stopped cannot tidy up: what it leaves must lie in the folder, and no esbuild live on.
    env: { ...process.env, TMPDIR: folder, ESBUILD_WORKER_THREADS: '0' },
  });
  const result = new Promise<Synthesized>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('synthesis was stopped')));
  });
  // Not in the thread, which could not be stopped while esbuild runs below it.
  const builds = compileAhead();
  // A stack that never comes to synthesis (a bad policy) leaves these promises unobserved.
  for (const promise of [result, builds]) promise.catch(() => {});
  const removed = (): void => {
    process.off('exit', removed);
    rmSync(folder, { recursive: true, force: true });
  };
  // Whoever began it may end before anybody closes it.
  process.on('exit', removed);
  return {
    run: async (options) => {
      worker.postMessage({ options, builds: await builds } satisfies SynthesisOrder);
      return result;
    },
    close: async () => {
      await worker.terminate();
      removed();
    },
  };
}
