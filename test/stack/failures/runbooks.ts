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
import { insights } from '../../insights.ts';
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

/** What happens in no game of these, or only in another test. */
const elsewhere = [
  {
    ...{ level: 'ERROR', message: 'session_revocation' },
    event: { role: 'deploy-prod', role_arn: 'arn:aws:iam::111122223333:role/deploy-prod', cause: ['AccessDenied'] },
  },
  { level: 'ERROR', message: 'token_exchange', event: { denial: { dependency: 'kms' }, cause: ['DisabledException'] } },
].map((line) => JSON.stringify(line));

describe('the commands of the runbook', () => {
  test.each(runbooks)('$name', async ({ text }) => {
    // A page may say it for two cases, and a key that is gone is revoked no more.
    const isFirst = (line: string, at: number, all: readonly string[]): boolean =>
      !line.startsWith('cambio keys revoke') || all.indexOf(line) === at;
    for (const line of typedCommandsOf(text, 'cambio').filter(isFirst)) {
      const { exit, stderr } = await runCambio(deployment, line, values);
      if (mayFind.test(line)) expect([0, 1]).toContain(exit);
      else expect({ line, exit, stderr }).toMatchObject({ line, exit: 0 });
    }
    for (const line of typedCommandsOf(text, 'aws').filter((each) => emulated.test(each))) {
      const answer = await runAws(deployment, line, values);
      expect(answer).toHaveProperty('$metadata.httpStatusCode', 200);
      // No tenant comes at run time here.
      if (line.includes('get-item') && !line.includes('#tenants'))
        expect({ line, answer }).toHaveProperty('answer.Item');
    }
    const { stdout } = await runCambio(deployment, 'cambio suspend list');
    expect(JSON.parse(stdout)).toEqual({ suspensions: [] });
  });

  test('a key is ended by the commands of its page, and its successor is published', async () => {
    const { stack } = deployment;
    const page = runbooks.find(({ name }) => name === 'key-compromise')?.text ?? '';
    expect(typedCommandsOf(page, 'cambio')).toEqual(
      expect.arrayContaining(['cambio keys list', 'cambio keys revoke KID']),
    );
    const { keys } = JSON.parse((await runCambio(deployment, 'cambio keys list')).stdout) as {
      readonly keys: readonly { readonly kid: string; readonly alg: string; readonly state: string }[];
    };
    const { kid: KID = '' } = keys.find(({ alg, state }) => alg === 'RS256' && state === 'current') ?? {};
    const published = async (): Promise<readonly string[]> => {
      const answer = await (await fetch(`${stack.url}/.well-known/jwks.json`)).json();
      return (answer as { readonly keys: readonly { readonly kid: string }[] }).keys.map(({ kid }) => kid);
    };
    expect(await published()).toContain(KID);
    const { exit, stdout } = await runCambio(deployment, 'cambio keys revoke KID', { ...values, KID });
    expect(exit).toBe(0);
    const { successor } = JSON.parse(stdout) as { readonly successor: string };
    const now = await published();
    expect([now.includes(KID), now.includes(successor)]).toEqual([false, true]);
    expect(await runCambio(deployment, 'cambio keys revoke KID', { ...values, KID })).toMatchObject({ exit: 1 });
  });

  test.each(runbooks.filter(({ text }) => text.includes('--query-string')))('$name asks the log what it can say', ({
    text,
  }) => {
    const lines = [...deployment.stack.logs.map(({ line }) => line), ...elsewhere].filter((line) =>
      line.startsWith('{"level"'),
    );
    const queries = typedCommandsOf(text, 'aws').flatMap((line) => /--query-string '([^']+)'/.exec(line)?.[1] ?? []);
    expect(queries.length).toBeGreaterThan(0);
    for (const query of queries) expect(() => insights(query, lines)).not.toThrow();
  });

  test('one that is refused is found', async () => {
    expect(await runCambio(deployment, 'cambio suspend issuer ISSUER', values)).toMatchObject({ exit: 2 });
    await expect(runAws(deployment, 'aws kms describe-key --key-id no-such', {})).rejects.toThrow();
  });
});
