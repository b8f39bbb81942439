// What may be used once, for a function: what records it is loaded with the first use.

import { loadedOnce } from '../../loaded-once.ts';
import type { ReleaseUse, TakeUse } from '../../oauth/verify/single-use.ts';
import { callDependency } from '../dependency.ts';
import type { UseStore } from './single-uses.ts';

interface Uses {
  readonly takeUse: TakeUse;
  readonly release: ReleaseUse;
}

export function usesOf(store: UseStore): Uses {
  const uses = loadedOnce(async (): Promise<Uses> => {
    const { createRelease, createTakeUse } = await import('./single-uses.ts');
    return { takeUse: createTakeUse(store), release: createRelease(store) };
  });
  return {
    takeUse: (taking) => callDependency('dynamodb', async () => (await uses()).takeUse(taking)),
    // Of what was taken: it is loaded.
    release: async (taking) => (await uses()).release(taking),
  };
}
