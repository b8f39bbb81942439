// Parts of a program that are loaded when they are first needed. No I/O of its own.

/**
 * What is loaded by the first call, for all others too. Where that failed the next call tries again: a file that could not be read
 * under one request must not keep an instance, or an agent, from serving those after it.
 */
export function loadedOnce<Loaded>(load: () => Promise<Loaded>): () => Promise<Loaded> {
  let loading: Promise<Loaded> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
