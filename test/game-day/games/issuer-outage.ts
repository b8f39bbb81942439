// docs/runbooks/issuer-outage.md: an issuer's keys cannot be fetched.
import type { Stage } from '../stage.ts';

export async function issuerOutage({ deployment, happens, exchange, operator, pause }: Stage): Promise<void> {
  const { partner, stack } = deployment;
  const worker = () => ({ who: 'a worker of partner', subject: partner.token() });
  const job = async () => ({ who: 'a job of github', subject: await stack.tokenFor('github') });
  await exchange(worker(), '200');
  await happens('partner’s server goes down', () => partner.serve(false));
  await exchange(worker(), '200');
  await happens('the functions start anew, and no longer know partner’s keys', deployment.restart);
  const { decision } = await exchange(worker(), '503 temporarily_unavailable');
  await exchange(await job(), '200');
  await operator('cambio why DECISION', /(reason unavailable)/, { DECISION: decision });
  await happens('partner’s server is back', () => partner.serve(true));
  await pause(11, 'an issuer that failed is left alone for 10 s');
  await exchange(worker(), '200');
}
