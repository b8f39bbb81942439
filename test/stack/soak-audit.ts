// `npm run soak:audit [-- REQUESTS]`: 10,000 mixed requests to the local stack, one function killed every second, and then whether the
// audit trail has every grant and is whole. Takes minutes.
import { startLocalStack } from '../../infra/local/stack.ts';
import { killOne, soak } from './soak.ts';
import { verifyByCommand } from './trail-of-stack.ts';

const requests = Number(process.argv[2] ?? 10_000);
const atOnce = 20;
/** In turn; the trail's own writer among them. */
const victims = ['EndpointsToken', 'WritingWriter', 'EndpointsIntrospect'];

const stack = await startLocalStack();
let kills = 0;
let turn = 0;
let next = Date.now() + 1_000;
try {
  const began = Date.now();
  const outcome = await soak(stack, {
    ...{ requests, atOnce },
    send: async ({ url, tokenFor }, number) => {
      const subject = await tokenFor('github', number % 10 === 0 ? { ref: 'refs/heads/other' } : {});
      const form = { subject_token: subject, subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' };
      const grant = { ...form, grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' };
      const asClient = {
        client_assertion: number % 5 === 4 ? await tokenFor('eks') : '',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      };
      const [path, body] = [
        ['/token', { ...grant, audience: 'orders-api' }],
        ['/token', { ...grant, audience: 'deploy-prod' }],
        ['/token', { ...grant, audience: 'no-such-api' }],
        ['/token', { ...grant, audience: 'orders-api', scope: 'orders:read' }],
        ['/introspect', { ...asClient, token: subject }],
      ][number % 5] as [string, Record<string, string>];
      return fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(body) });
    },
    between: async () => {
      if (Date.now() < next) return;
      next = Date.now() + 1_000;
      turn += 1;
      // Of one that does not run now, the next is killed.
      for (const step of victims.keys()) {
        if (!(await killOne(stack, victims[(turn + step) % victims.length] ?? ''))) continue;
        kills += 1;
        break;
      }
    },
  });
  const seconds = Math.round((Date.now() - began) / 1_000);
  const { exit, stdout } = await verifyByCommand(stack);
  process.stdout.write(`${JSON.stringify({ requests, seconds, kills, ...outcome })}\n${stdout}`);
  process.exitCode = exit === 0 && outcome.lost.length === 0 ? 0 : 1;
} finally {
  await stack.close();
}
