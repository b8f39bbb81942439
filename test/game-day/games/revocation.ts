// docs/runbooks/token-compromise.md: a job's token has leaked, and is used by somebody else.
import { decodeJwt } from 'jose';
import type { Stage } from '../stage.ts';

export async function revocation({ deployment, happens, exchange, introspect, operator }: Stage): Promise<void> {
  const run = String(Date.now());
  const subject = await deployment.stack.tokenFor('github', { run_id: run });
  const job = { who: 'the job', subject };
  const other = { who: 'another job', subject: await deployment.stack.tokenFor('github') };
  const { token } = await exchange(job, '200');
  const others = await exchange(other, '200');
  await happens('the job prints its token and its GitHub token into its log');
  const thief = { ...job, who: 'a reader of the log' };
  await exchange(thief, '200');
  const values = { RUN: run, DECISION: String(decodeJwt(token).jti) };
  const trace = await operator('cambio why DECISION', / (granted by orders-from-main)/, values);
  if (!trace.includes(run)) throw new Error('the trace does not name the run');
  await operator('cambio revoke --by run --value "github|RUN" --reason "token in a log"', /("by":"run")/, values);
  await introspect('the job', token, 'inactive');
  const { decision } = await exchange(thief, '400 invalid_request');
  await operator('cambio why DECISION', /(reason revoked)/, { DECISION: decision });
  await introspect('another job', others.token, 'active');
  await exchange(other, '200');
}
