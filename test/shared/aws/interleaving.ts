// Processes that stop at gates, and who goes next chosen from outside: every interleaving of them can be played. A gate is
// before and after each call that leaves the process, where DynamoDB's bad days are.
import { setImmediate as settle } from 'node:timers/promises';
import type { CallDynamoDb } from '../../../shared/aws/dynamodb.ts';

/**
 * How a call goes: as it should; done twice, because the first answer was lost and it was sent again; done, but with no
 * answer; not done at all; or the process ends there, before the call or after it.
 */
export type Fault = 'none' | 'twice' | 'lost' | 'unsent' | 'crash' | 'crash after';

export interface Interleaving {
  /** The calls of one process, with what happens to them one after the other; then `none`. */
  readonly store: (call: CallDynamoDb, faults: readonly Fault[]) => CallDynamoDb;
  /** Waits until the choice falls on this process. */
  readonly gate: () => Promise<void>;
  /** Plays until nobody waits any more. Each choice picks one of those who wait; without choices the first. */
  readonly play: (processes: readonly (() => Promise<void>)[], choices: readonly number[]) => Promise<void>;
}

export function interleaving(): Interleaving {
  const waiting: (() => void)[] = [];
  let onGate = (): void => {};
  const gate = () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      onGate();
    });
  let busy = 0;
  let onAnswer = (): void => {};
  const whileBusy = async <Output>(send: () => Promise<Output>): Promise<Output> => {
    busy += 1;
    return send().finally(() => {
      busy -= 1;
      onAnswer();
    });
  };
  const sendWith = <Output>(fault: Fault, send: () => Promise<Output>): Promise<Output> => {
    const never = new Promise<never>(() => {});
    const failed = new Error('no answer');
    switch (fault) {
      case 'none':
        return send();
      case 'twice':
        return send().then(gate, gate).then(send);
      case 'lost':
        return send().then(
          () => Promise.reject(failed),
          () => Promise.reject(failed),
        );
      case 'unsent':
        return Promise.reject(failed);
      case 'crash':
        return never;
      case 'crash after':
        return send().then(
          () => never,
          () => never,
        );
    }
  };
  const store: Interleaving['store'] = (call, faults) => {
    const left = [...faults];
    return async (operation, input) => {
      const fault = left.shift() ?? 'none';
      await gate();
      try {
        return await sendWith(fault, () => whileBusy(() => call(operation, input)));
      } finally {
        await gate();
      }
    };
  };
  const answer = () =>
    new Promise<void>((resolve) => {
      onAnswer = resolve;
    });
  const quiet = async (): Promise<void> => {
    for (let calm = 0; calm < 4; calm = busy > 0 ? 0 : calm + 1) await (busy > 0 ? answer() : settle());
  };
  /** A process works on its own until it first waits or ends. */
  const start = async (process: () => Promise<void>): Promise<void> => {
    await new Promise<void>((resolve) => {
      onGate = resolve;
      void process().finally(resolve);
    });
    await quiet();
  };
  const play: Interleaving['play'] = async (processes, choices) => {
    for (const process of processes) await start(process);
    for (let step = 0; waiting.length > 0; step += 1) {
      const index = (choices[step] ?? 0) % waiting.length;
      waiting.splice(index, 1)[0]?.();
      await quiet();
    }
  };
  return { store, gate, play };
}
