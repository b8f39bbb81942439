// The task that probes the deployment, by a schedule. One line for each run, with what it measured. No I/O of its own.
import { type ProbeCapabilities, probe } from '../../probe/probe.ts';
import type { WriteLog } from '../log.ts';

/** The Lambda handler; it fails where a check does, so that Lambda counts it. */
export function probeTask(capabilities: ProbeCapabilities, write: WriteLog): () => Promise<void> {
  return async () => {
    const { checks, revocationLatency } = await probe(capabilities);
    const failed = checks.filter(({ ok }) => !ok);
    const fields = { checks, failed: failed.length, revocation_latency: revocationLatency };
    write(failed.length > 0 ? 'error' : 'info', 'probe', fields, {
      probe_failures: failed.length,
      ...(revocationLatency !== undefined && { revocation_latency: revocationLatency }),
    });
    if (failed.length > 0) throw new Error(`the probe failed: ${failed.map(({ name }) => name).join(', ')}`);
  };
}
