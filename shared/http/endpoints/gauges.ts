// The task that measures what no request shows: how old the signing keys are, and suspensions that nobody ended. One line each
// time. No I/O of its own.
import type { Measured } from '../../metrics.ts';
import type { ReadKeyring } from '../../oauth/jose/keyring.ts';
import type { Suspension } from '../../oauth/revocation/suspension.ts';
import { reportedAs } from '../errors.ts';
import type { WriteLog } from '../log.ts';

export interface GaugesTask {
  readonly readKeyring: ReadKeyring;
  /** Those that hold. */
  readonly listSuspensions: () => Promise<readonly Suspension[]>;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly write: WriteLog;
}

/** The Lambda handler of a schedule. It fails where either cannot be read. */
export function gaugesTask({ readKeyring, listSuspensions, now, write }: GaugesTask): () => Promise<void> {
  const measure = async (): Promise<Measured> => {
    const [{ keys }, suspensions] = await Promise.all([readKeyring(), listSuspensions()]);
    const signing = keys.flatMap(({ state, createdAt }) => (state === 'current' && createdAt ? [createdAt] : []));
    // One that ends by itself was not left on.
    const endless = suspensions.flatMap(({ until, at }) => (until === undefined ? [at] : []));
    return { ...aged('key_age', signing, now()), ...aged('suspension_age', endless, now()) };
  };
  return async () => {
    const measured = await measure().catch(reportedAs(write, 'gauges'));
    write('info', 'gauges', {}, measured);
  };
}

function aged(name: 'key_age' | 'suspension_age', since: readonly number[], now: number): Measured {
  return since.length > 0 ? { [name]: now - Math.min(...since) } : {};
}
