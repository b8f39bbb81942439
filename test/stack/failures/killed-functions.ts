// Functions that are killed while they work: every grant that left is in the audit trail.
import { beforeAll, expect, test } from 'vitest';
import type { LocalStack } from '../../../infra/local/stack.ts';
import { killOne, soak } from '../soak.ts';
import { verifyByCommand } from '../trail-of-stack.ts';
import { deploymentThatFails } from './deployment.ts';

let stack: LocalStack;
beforeAll(async () => {
  ({ stack } = await deploymentThatFails());
});

test('of 200 requests, functions killed among them, every grant that left is in the audit trail, and the trail is whole', async () => {
  const kills = new Map([
    [60, 'EndpointsToken'],
    [140, 'WritingWriter'],
  ]);
  const { findings, lost, statuses } = await soak(stack, {
    ...{ requests: 200, atOnce: 10 },
    send: async () => {
      const body = new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: await stack.tokenFor('github'),
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        audience: 'orders-api',
      });
      return fetch(`${stack.url}/token`, { method: 'POST', body });
    },
    between: async (sent) => {
      const name = kills.get(sent);
      if (name === undefined) return;
      await stack.delivered();
      expect(await killOne(stack, name)).toBe(true);
    },
  });
  expect({ findings, lost }).toEqual({ findings: [], lost: [] });
  expect(statuses['200']).toBeGreaterThan(180);
  const { exit, stdout } = await verifyByCommand(stack);
  expect([exit, stdout]).toEqual([0, expect.stringContaining('trail: complete')]);
});
