// Loaded into every process and thread of the tests before anything else: what is the same in all of them is made once.

import { enableCompileCache, registerHooks } from 'node:module';
import { join } from 'node:path';

const wrapper = new URL('./esbuild.mjs', import.meta.url).href;

// Threads do not take it from NODE_COMPILE_CACHE.
enableCompileCache(join(process.env.TEST_RUN_FOLDER, 'compiled'));
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'esbuild' && context.parentURL !== wrapper
      ? { url: wrapper, format: 'module', shortCircuit: true }
      : next(specifier, context),
});
