// How the audit trail is kept: the prop `audit` of a TokenExchange, and what is wrong with it. Pure.
import type { Duration } from 'aws-cdk-lib';
import { PropsError } from '../props-error.ts';

/** How long and how strictly the audit trail is kept. */
export interface AuditOptions {
  /** For so long nothing of it can be deleted, and then it is; whole days, a year by default. */
  readonly retention?: Duration;
  /**
   * Of Object Lock: `compliance` lets nobody delete, the account's root neither, and is never undone; `governance`, the default,
   * lets who has `s3:BypassGovernanceRetention`.
   */
  readonly mode?: 'governance' | 'compliance';
  /** When it moves to S3 Glacier Instant Retrieval, where keeping is cheap and reading is not; by default never. */
  readonly archiveAfter?: Duration;
  /**
   * Where `decisionIndex` is not `all`: the daily sweep reads the whole table. Off by default, and then nothing looks for what the
   * trail lacks.
   */
  readonly sweepByScan?: boolean;
}

/** @throws PropsError */
export function checkAudit(audit: AuditOptions | false, onTrial: boolean): void {
  if (audit === false) return;
  if (onTrial) throw new PropsError('an audit trail outlives its stack: a stack on trial has none');
  const { retention, mode, archiveAfter } = audit;
  // JavaScript may say anything.
  if (!['governance', 'compliance', undefined].includes(mode)) {
    throw new PropsError('audit.mode must be governance or compliance');
  }
  for (const [name, duration] of Object.entries({ retention, archiveAfter })) {
    const days = duration?.toDays({ integral: false }) ?? 1;
    if (!Number.isInteger(days) || days < 1) throw new PropsError(`audit.${name} is whole days, and at least one`);
  }
  if (retention && archiveAfter && archiveAfter.toDays() >= retention.toDays()) {
    throw new PropsError('audit.archiveAfter is not before the end of audit.retention');
  }
}
