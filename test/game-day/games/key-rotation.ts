// docs/runbooks/issuer-key-rotation.md: an issuer signs with another key, announced to nobody.
import type { Stage } from '../stage.ts';

export async function keyRotation({ deployment, happens, exchange, operator }: Stage): Promise<void> {
  const { partner } = deployment;
  const worker = () => ({ who: 'a worker of partner', subject: partner.token() });
  await exchange(worker(), '200');
  const before = partner.changeKey();
  await happens('partner signs with a new key and publishes it alone');
  await exchange(worker(), '200');
  await happens('the new key was fetched for the first token that names it');
  const late = { who: 'a worker with a token of the old key', subject: partner.token(before) };
  const { decision } = await exchange(late, '400 invalid_request');
  await operator('cambio why DECISION', /(reason key)\n/, { DECISION: decision });
  await exchange({ ...late, who: 'the same worker with a fresh token', subject: partner.token() }, '200');
}
