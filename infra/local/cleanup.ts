// What has to be undone when the stack stops or fails to start: each step registers its own end. Pure but for them.

type Undo = () => Promise<unknown> | unknown;

export interface Cleanup {
  /** Registers an end; after `run` it is carried out at once. */
  readonly add: (undo: Undo) => void;
  /** Carries out every end, the last registered first; one that fails does not keep the others from running. */
  readonly run: () => Promise<void>;
}

export function createCleanup(): Cleanup {
  const undos: Undo[] = [];
  let running: Promise<void> | undefined;
  const all = async (): Promise<void> => {
    for (const undo of undos.splice(0).reverse()) await attempt(undo);
  };
  return {
    add: (undo) => {
      if (running) void attempt(undo);
      else undos.push(undo);
    },
    run: () => {
      running ??= all();
      return running;
    },
  };
}

async function attempt(undo: Undo): Promise<void> {
  try {
    await undo();
  } catch {
    // It has ended already.
  }
}
