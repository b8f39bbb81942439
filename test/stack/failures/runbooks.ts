// Every command of the runbooks is run, in the order of its page. What an incident looks like before and after is played by the games.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { runAws } from '../../game-day/aws-cli.ts';
import type { Deployment } from '../../game-day/deployment.ts';
import { namesIn } from '../../game-day/names.ts';
import { runbooks, typedCommandsOf } from '../../game-day/runbooks.ts';
import { openStage, runCambio } from '../../game-day/stage.ts';
import { deploymentThatFails } from './deployment.ts';

/** That of the deployment has an issuer on loopback, which the compiler refuses anywhere else. */
const policy = join(import.meta.dirname, '../../../infra/policy');

let deployment: Deployment;
let values: Readonly<Record<string, string>>;
beforeAll(async () => {
  deployment = await deploymentThatFails();
  values = await valuesFor(deployment);
});

/** What the names in the pages are here. Nothing of github is revoked: for a minute it would get nothing. */
async function valuesFor({ stack, folder, partner }: Deployment): Promise<Readonly<Record<string, string>>> {
  const { stage } = openStage(deployment);
  const { token } = await stage.exchange({ who: 'a worker', subject: partner.token() }, '200');
  const { jti, sub } = decodeJwt(token);
  const granted = await stage.exchange({ who: 'a job', subject: await stack.tokenFor('github') }, '200');
  const decision = String(decodeJwt(granted.token).jti);
  const why = await runCambio(deployment, `cambio why ${decision} --json`);
  const audit = join(folder, 'audit');
  writeFileSync(`${audit}.jsonl`, why.stdout);
  const pod = join(folder, 'pod');
  writeFileSync(pod, await stack.tokenFor('eks', { sub: 'system:serviceaccount:ops:prober' }));
  const keys = (await (await fetch(`${stack.url}/.well-known/jwks.json`)).json()) as {
    readonly keys: readonly { readonly kid: string; readonly alg: string }[];
  };
  return {
    ...namesIn(stack),
    ...{ DECISION: decision, JTI: String(jti), SUBJECT: String(sub), RUN: '7', AUDIT: audit, POD_TOKEN: pod },
    ...{
      ISSUER: 'partner',
      CLIENT: 'orders',
      RULE: 'orders-from-partner',
      AUDIENCE: 'payments-api',
      ROLE: 'deploy-prod',
    },
    ...{ POLICY: policy, OLD: policy, NEW: policy, EPOCH: String(Math.floor(Date.now() / 1_000) + 3_600) },
    KID: keys.keys.find(({ alg }) => alg === 'RS256')?.kid ?? '',
  };
}

/** Those of the AWS CLI that the emulators know. */
const emulated = /^aws (?:kms (?:describe|disable|enable)-key|dynamodb (?:get-item|describe-table)) /;
/** A checklist needs a deployment in AWS to be all well. */
const mayFind = /^cambio doctor/;

describe('the commands of the runbook', () => {
  test.each(runbooks)('$name', async ({ text }) => {
    for (const line of typedCommandsOf(text, 'cambio')) {
      const { exit, stderr } = await runCambio(deployment, line, values);
      if (mayFind.test(line)) expect([0, 1]).toContain(exit);
      else expect({ line, exit, stderr }).toMatchObject({ line, exit: 0 });
    }
    for (const line of typedCommandsOf(text, 'aws').filter((each) => emulated.test(each))) {
      const answer = await runAws(deployment, line, values);
      expect(answer).toHaveProperty('$metadata.httpStatusCode', 200);
      if (line.includes('get-item')) expect({ line, answer }).toHaveProperty('answer.Item');
    }
    const { stdout } = await runCambio(deployment, 'cambio suspend list');
    expect(JSON.parse(stdout)).toEqual({ suspensions: [] });
  });

  test('a key is taken out of the keyring by the commands of its page, and not where the keyring has changed', async () => {
    const { stack, folder, restart } = deployment;
    const page = runbooks.find(({ name }) => name === 'key-compromise')?.text ?? '';
    const [get = '', update = ''] = typedCommandsOf(page, 'aws')
      .filter((line) => /(?:get|update)-item/.test(line))
      .slice(-2);
    const published = async (): Promise<readonly unknown[]> => {
      await restart();
      const { keys } = (await (await fetch(`${stack.url}/.well-known/jwks.json`)).json()) as {
        readonly keys: readonly { readonly alg: string }[];
      };
      return keys.map(({ alg }) => alg).sort();
    };
    const write = async (before: string, after: string): Promise<void> => {
      writeFileSync(join(folder, 'keys.json'), JSON.stringify({ ':old': { S: before }, ':new': { S: after } }));
      await runAws(deployment, update, values);
    };
    const { Item } = (await runAws(deployment, get, values)) as {
      readonly Item: { readonly keys: { readonly S: string } };
    };
    const before = Item.keys.S;
    const after = JSON.stringify(JSON.parse(before).filter(({ alg }: { readonly alg: string }) => alg !== 'RS256'));
    expect(await published()).toEqual(['ES256', 'RS256']);
    await write(before, after);
    expect(await published()).toEqual(['ES256']);
    await expect(write(before, after)).rejects.toThrow('conditional request failed');
    await write(after, before);
    expect(await published()).toEqual(['ES256', 'RS256']);
  });

  test('one that is refused is found', async () => {
    expect(await runCambio(deployment, 'cambio suspend issuer ISSUER', values)).toMatchObject({ exit: 2 });
    await expect(runAws(deployment, 'aws kms describe-key --key-id no-such', {})).rejects.toThrow();
  });
});
