// The task that signs where the chains of the audit trail end. No I/O of its own.
import { type HeadSigner, signHead } from '../../audit/sign-head.ts';
import { reportedAs } from '../errors.ts';
import type { WriteLog } from '../log.ts';

/** The Lambda handler. */
export function trailHeadsTask(signer: HeadSigner, write: WriteLog): () => Promise<void> {
  return async () => {
    const head = await signHead(signer).catch(reportedAs(write, 'audit_head', { audit_findings: 1 }));
    const { number, chains, grownBy, missing } = head;
    const fields = { number, chains, grown_by: grownBy };
    if (missing.length === 0) return write('info', 'audit_head', fields);
    const named = { missing: missing.slice(0, 10), missing_count: missing.length };
    write('error', 'audit_head', { ...fields, ...named }, { audit_findings: missing.length });
  };
}
