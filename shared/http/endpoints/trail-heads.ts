// The task that signs where the chains of the audit trail end. No I/O of its own.
import { type HeadSigner, signHead } from '../../audit/sign-head.ts';
import { causesOf } from '../../causes.ts';
import type { WriteLog } from '../log.ts';

/** The Lambda handler. */
export function trailHeadsTask(signer: HeadSigner, write: WriteLog): () => Promise<void> {
  return async () => {
    try {
      const { number, chains, grownBy, missing } = await signHead(signer);
      const fields = { number, chains, grown_by: grownBy };
      if (missing.length === 0) write('info', 'audit_head', fields);
      else {
        const named = { missing: missing.slice(0, 10), missing_count: missing.length };
        write('error', 'audit_head', { ...fields, ...named }, { audit_findings: missing.length });
      }
    } catch (error) {
      write('error', 'audit_head', { cause: causesOf(error) }, { audit_findings: 1 });
      throw error;
    }
  };
}
