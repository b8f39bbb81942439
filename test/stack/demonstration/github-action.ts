// The GitHub action in a job against the running local stack: it gets a token, and the end of the job ends the token.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalStack } from '../../../infra/local/stack.ts';
import { cambioIn, inTheWorld } from '../../cli/cambio.ts';
import { type FakeServer, fakeServer } from '../../cli/fake-server.ts';
import { action } from '../../cli/github-action/action.ts';
import { runAction } from '../../cli/github-runner.ts';
import { demonstrationStack } from './stack.ts';

let stack: LocalStack;
let github: FakeServer;
beforeAll(async () => {
  stack = await demonstrationStack();
  // Asked twice, GitHub gives two tokens of the same run.
  github = await fakeServer({
    '/oidc': async ({ query }) => ({ body: { value: await stack.tokenFor('github', { aud: query.get('audience') }) } }),
  });
});
afterAll(() => github.close());

async function isActive(token: string): Promise<unknown> {
  const pod = join(action, 'pod');
  writeFileSync(pod, await stack.tokenFor('eks', { sub: 'system:serviceaccount:shop:orders' }));
  const machine = { ...inTheWorld({ CAMBIO_URL: stack.url, T: token }) };
  const { stdout } = await cambioIn(machine, 'introspect', '--token-env', 'T', '--client-assertion-file', pod);
  return (JSON.parse(stdout) as { readonly active: unknown }).active;
}

test('a job gets a token, which is worth nothing once the job has ended', async () => {
  const inputs = { url: stack.url, audience: 'orders-api', 'token-audience': 'https://sts.acme.example' };
  const job = { ACTIONS_ID_TOKEN_REQUEST_URL: `${github.url}/oidc?v=1`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' };
  const { main, post } = await runAction(action, inputs, job);
  expect(main).toMatchObject({ exit: 0, errors: [] });
  const { token = '' } = main.outputs;
  expect(await isActive(token)).toBe(true);
  expect(await post()).toMatchObject({ exit: 0, warnings: [] });
  expect(github.received.length).toBe(2);
  expect(await isActive(token)).toBe(false);
});
