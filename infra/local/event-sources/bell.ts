// A pause that somebody can end. Pure but for the timer.

export interface Bell {
  /** Ends the pause that is on, or else the next one. */
  readonly ring: () => void;
  /** Settles after these milliseconds, or when the bell rings. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

export function createBell(): Bell {
  let isRung = false;
  let end: (() => void) | undefined;
  return {
    ring: () => {
      if (end) end();
      else isRung = true;
    },
    pause: (milliseconds) =>
      new Promise((settle) => {
        if (isRung) {
          isRung = false;
          return settle();
        }
        end = () => {
          clearTimeout(timer);
          end = undefined;
          settle();
        };
        const timer = setTimeout(end, milliseconds);
      }),
  };
}
