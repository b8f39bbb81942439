// docs/runbooks/key-compromise.md: somebody else tries to sign with the key of the tokens. The key is stopped, what it signed is taken
// back, and, once it is known that nothing was signed, it signs again.
import { setTimeout as wait } from 'node:timers/promises';
import { decodeProtectedHeader } from 'jose';
import { namesIn } from '../names.ts';
import type { Stage } from '../stage.ts';

export async function compromise({ deployment, happens, exchange, introspect, operator, aws }: Stage): Promise<void> {
  const { stack } = deployment;
  const job = async () => ({ who: 'a job', subject: await stack.tokenFor('github') });
  const { token } = await exchange(await job(), '200');
  const values = { ...namesIn(stack), KID: String(decodeProtectedHeader(token).kid) };
  await happens('CloudTrail shows a kms:Sign by an administrator’s role');
  await aws('aws kms disable-key --key-id KEY', values);
  await exchange(await job(), '503 temporarily_unavailable');
  await operator('cambio revoke --by key --value KID --reason "signed by others"', /("by":"key")/, values);
  await introspect('the job', token, 'inactive');
  await happens('its calls were refused: nothing was signed, and its rights are taken from it');
  await aws('aws kms enable-key --key-id KEY', values);
  // What was issued in the second of the revocation is hit by it, too.
  await wait(1_100);
  const fresh = await exchange(await job(), '200');
  await introspect('the job', fresh.token, 'active');
  await introspect('the job that had one before', token, 'inactive');
}
