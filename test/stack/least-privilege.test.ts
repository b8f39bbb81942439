// The synthesized IAM statements against what the functions really call: nothing is missing, and nothing is unused.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecordedCall } from '../../infra/local/protocol/calls.ts';
import { createS3Client } from '../../infra/local/s3/client.ts';
import { deployerClient } from '../../infra/local/template/provision.ts';
import { chainOf, dayOf, trailObject } from '../../shared/audit/trail-object.ts';
import { documentedFetch as fetch } from '../documented.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';
import { selfSigned } from '../shared/issuers/certificate.ts';
import { makeHolder, proofOf } from '../shared/oauth/dpop-world.ts';
import { allows, type Statement, statementsOf } from './iam-statements.ts';
import { runTrail, trailBucketOf } from './trail-of-stack.ts';

/** Services the stack has no emulator of: their statements are asserted on the template, not on calls. */
const notEmulated = /^(logs|xray|ec2):/;
/** Lambda puts what it gives up there, in the name of the function: of what fails nothing does here. */
const ofFailures = ({ resources: [resource = ''] }: Statement): boolean => /failures/i.test(resource);

const folder = mkdtempSync(join(tmpdir(), 'cambio-rights-'));
let stack: LocalStack;
let isThrottling = false;
const throttling = { code: 'ThrottlingException', status: 400 };
let statements: readonly Statement[];
beforeAll(async () => {
  const truststore = join(folder, 'clients.pem');
  const times = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 365 * 86_400_000) };
  writeFileSync(truststore, selfSigned({ ...times, ip: '192.0.2.7', ca: true }).cert);
  const certificateArn = 'arn:aws:acm:eu-west-1:111122223333:certificate/a';
  const mtls = { domainName: 'mtls.acme.example', certificateArn, truststore };
  stack = await startLocalStack({
    ...{ environments: 2, mtls },
    fault: ({ action }) => (isThrottling && action === 'kms:Sign' ? throttling : undefined),
  });
  statements = statementsOf(stack);
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await stack.tokenFor('github'),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: 'orders-api',
  });
  const answer = await fetch(`${stack.url}/token`, { method: 'POST', body });
  expect(answer.status).toBe(200);
  const { access_token: token } = (await answer.json()) as { access_token: string };
  await useBudget(body);
  body.set('audience', 'deploy-prod');
  expect((await fetch(`${stack.url}/token`, { method: 'POST', body })).status).toBe(200);
  const authorization = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/x, SignedHeaders=host, Signature=00';
  const decision = `${stack.url}/admin/decisions/00000000-0000-4000-8000-000000000000`;
  expect((await fetch(decision, { headers: { authorization } })).status).toBe(404);
  const latest = `${stack.url}/admin/decisions?since=${Math.floor(Date.now() / 1_000) - 60}`;
  expect((await fetch(latest, { headers: { authorization } })).status).toBe(200);
  const asOrders = {
    token,
    client_assertion: await stack.tokenFor('eks'),
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  };
  const post = (path: string, form: Record<string, string>, headers = {}) =>
    fetch(`${stack.url}${path}`, { method: 'POST', body: new URLSearchParams(form), headers });
  const signedAnswer = { accept: 'application/token-introspection+jwt' };
  expect((await post('/introspect', asOrders, signedAnswer)).status).toBe(200);
  expect((await post('/introspect', { token })).status).toBe(401);
  const payments = { ...asOrders, audience: 'payments-api', subject_token: token };
  const hop = await post('/token', {
    ...payments,
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  });
  const { access_token: derived } = (await hop.json()) as { access_token: string };
  expect((await post('/revoke', { ...asOrders, token: derived })).status).toBe(200);
  expect((await post('/revoke', { token })).status).toBe(401);
  const family = { by: 'family', value: '00000000-0000-4000-8000-000000000000', reason: 'test' };
  // Whether there is such a key is seen in the keyring.
  for (const revocation of [family, { by: 'key', value: 'token.none', reason: 'test' }]) {
    const revoking = { method: 'POST', body: JSON.stringify(revocation), headers: { authorization } };
    expect((await fetch(`${stack.url}/admin/revocations`, revoking)).status).toBe(200);
  }
  const suspended = `${stack.url}/admin/suspensions/issuer/nobody`;
  const suspending = { method: 'PUT', body: JSON.stringify({ reason: 'test' }), headers: { authorization } };
  expect((await fetch(suspended, suspending)).status).toBe(200);
  expect((await fetch(`${stack.url}/admin/suspensions`, { headers: { authorization } })).status).toBe(200);
  await proveKeys(authorization, body);
  expect(await stack.fire('Gauges')).toMatchObject([{ ok: true }]);
  const hour = Math.floor(Date.now() / 3_600_000).toString(36);
  expect((await fetch(`${stack.url}/status-lists/es256-${hour}-0`)).status).toBe(404);
  await rotateKeys({ authorization });
  await writeTrail(() => fetch(`${stack.url}/token`, { method: 'POST', body }));
  // With a slash they are the functions', without it CloudFront's.
  for (const path of ['jwks.json/', 'openid-configuration/']) await fetch(`${stack.url}/.well-known/${path}`);
  expect((await fetch(`${stack.url}/status-lists/es256-1-0`)).status).toBe(404);
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

/** A nonce is made, another looked for, and a proof taken and given back because its audience is suspended. */
async function proveKeys(authorization: string, exchange: URLSearchParams): Promise<void> {
  const holder = await makeHolder();
  const iat = Math.floor(Date.now() / 1_000);
  const proving = (nonce: string | undefined) => {
    const headers = { dpop: proofOf(holder, { htu: `${stack.url}/token`, iat, nonce }) };
    return fetch(`${stack.url}/token`, { method: 'POST', body: exchange, headers });
  };
  exchange.set('audience', 'orders-api');
  const nonce = (await proving(undefined)).headers.get('dpop-nonce') ?? '';
  const [period = ''] = nonce.split('.');
  expect((await proving(`${(Number.parseInt(period, 36) + 1).toString(36)}.guessed`)).status).toBe(400);
  expect((await proving(nonce)).status).toBe(200);
  const suspension = `${stack.url}/admin/suspensions/audience/orders-api`;
  const suspending = { method: 'PUT', body: JSON.stringify({ reason: 'test' }), headers: { authorization } };
  expect((await fetch(suspension, suspending)).status).toBe(200);
  expect((await proving(nonce)).status).toBe(400);
  expect((await fetch(suspension, { method: 'DELETE', headers: { authorization } })).status).toBe(204);
}

/** An instance that KMS throttles counts its signatures in the bucket of all, which it looks up first. */
async function useBudget(form: URLSearchParams): Promise<void> {
  const ask = () => fetch(`${stack.url}/token`, { method: 'POST', body: form });
  isThrottling = true;
  expect((await ask()).status).toBe(503);
  isThrottling = false;
  const isLookedUp = () =>
    stack.calls.some(
      ({ action, context }) =>
        action === 'dynamodb:GetItem' && [context['dynamodb:LeadingKeys']].flat().join().includes('#quota#'),
    );
  for (let tries = 0; tries < 20 && !isLookedUp(); tries += 1) expect((await ask()).status).toBe(200);
  expect(isLookedUp()).toBe(true);
}

/** A key of the template is revoked, and then one that rotation has made, which is deleted, too. */
async function rotateKeys(headers: Record<string, string>): Promise<void> {
  const post = (path: string) => fetch(`${stack.url}/admin/keys/${path}`, { method: 'POST', headers });
  expect((await post('rotate')).status).toBe(200);
  for (let revoked = 0; revoked < 2; revoked += 1) {
    const { keys } = (await (await fetch(`${stack.url}/admin/keys`, { headers })).json()) as {
      readonly keys: readonly { readonly kid: string; readonly use: string; readonly state: string }[];
    };
    const { kid = '' } = keys.find(({ use, state }) => use === 'answer' && state === 'current') ?? {};
    expect((await post(`${kid}/revoke`)).status).toBe(200);
  }
  expect((await post('token.none/revoke')).status).toBe(404);
  expect(await stack.fire('KeyRotation')).toMatchObject([{ ok: true }]);
}

/** As the stream and the schedules do: a batch, heads before and behind it, and a minute of the sweep. */
async function writeTrail(decide: () => Promise<Response>): Promise<void> {
  const now = Math.floor(Date.now() / 1_000);
  const change = { Keys: { pk: { S: '#x#y' } }, NewImage: { pk: { S: '#x#y' } }, SequenceNumber: '1' };
  const record = { eventID: 'e', eventName: 'INSERT', dynamodb: { ...change, ApproximateCreationDateTime: now } };
  // Of a chain that another instance has begun, the end is read.
  const begun = trailObject({ chain: chainOf(dayOf(now * 1_000), 'shardId-test'), index: 1 }, [{ event: {} }]);
  const call = createS3Client(deployerClient(stack.s3));
  await call({ method: 'PUT', bucket: trailBucketOf(stack), key: begun.name, body: Buffer.from(begun.bytes) });
  await runTrail(stack, 'WritingWriter', { shardId: 'shardId-test', Records: [record] });
  await runTrail(stack, 'HeadsSigner');
  await runTrail(stack, 'HeadsSigner');
  // A decision of a moment ago is not in the trail yet, whatever the stream has brought of those before.
  expect((await decide()).status).toBe(200);
  await runTrail(stack, 'SweepSweeper', { since: now - 60, until: Math.floor(Date.now() / 1_000) });
}

describe('the functions’ rights', () => {
  // Every function's role has statements, if only for its logs; what deployed the stack has none.
  const callsOfFunctions = (): readonly RecordedCall[] =>
    stack.calls.filter(({ principal }) => statements.some(({ role }) => role === principal));

  test('cover every call the functions made', () => {
    const calls = callsOfFunctions();
    expect(new Set(calls.map(({ action }) => action))).toEqual(
      new Set([
        ...[
          'kms:Sign',
          'kms:GetPublicKey',
          'kms:VerifyMac',
          'kms:GenerateMac',
          'kms:CreateKey',
          'kms:TagResource',
          'kms:DisableKey',
          'kms:ScheduleKeyDeletion',
          'dynamodb:GetItem',
          'dynamodb:BatchGetItem',
          'dynamodb:PutItem',
          'dynamodb:UpdateItem',
          'dynamodb:Query',
        ],
        ...['sts:AssumeRole', 'sts:TagSession', 's3:ListBucket', 's3:GetObject', 's3:PutObject'],
        ...['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      ]),
    );
    const refused = calls.filter((call) => !allows(statements, call));
    expect(refused).toEqual([]);
  });

  test('are all used: every allowed action was called under its statement', () => {
    const unused = statements
      .filter(({ effect }) => effect === 'Allow')
      .flatMap((statement) => statement.actions.map((action) => ({ ...statement, actions: [action] })))
      .filter(({ actions: [action = ''] }) => !notEmulated.test(action))
      .filter((statement) => !ofFailures(statement))
      // CodeDeploy's role, which does not run here.
      .filter(({ role }) => !role.includes('Rollout'))
      .filter((statement) => !callsOfFunctions().some((call) => allows([statement], call)));
    expect(unused).toEqual([]);
  });

  test.each<[string, (call: RecordedCall) => boolean, (call: RecordedCall) => RecordedCall]>([
    [
      'a key of another keyring',
      ({ action }) => action === 'kms:Sign',
      (call) => withContext(call, 'aws:ResourceTag/cambio:keyring', 'other'),
    ],
    [
      'a key for something else',
      ({ action }) => action === 'kms:Sign',
      (call) => withContext(call, 'aws:ResourceTag/cambio:use', 'status'),
    ],
    [
      'the MAC of the keyring',
      ({ action }) => action === 'kms:VerifyMac',
      (call) => ({ ...call, action: 'kms:GenerateMac' }),
    ],
    [
      'another algorithm',
      ({ action }) => action === 'kms:Sign',
      (call) => withContext(call, 'kms:SigningAlgorithm', 'ECDSA_SHA_512'),
    ],
    [
      'a digest instead of a message',
      ({ action }) => action === 'kms:Sign',
      (call) => withContext(call, 'kms:MessageType', 'DIGEST'),
    ],
    [
      'the keyring item for writing',
      ({ action }) => action === 'dynamodb:PutItem',
      (call) => withContext(call, 'dynamodb:LeadingKeys', '#keyring'),
    ],
    [
      'another table',
      ({ action }) => action === 'dynamodb:PutItem',
      (call) => ({ ...call, resource: `${call.resource}-other` }),
    ],
    [
      'another role',
      ({ action }) => action === 'sts:AssumeRole',
      (call) => ({ ...call, resource: `${call.resource}-other` }),
    ],
    [
      'a source identity nobody grants',
      ({ action }) => action === 'sts:TagSession',
      (call) => ({ ...call, action: 'sts:SetSourceIdentity' }),
    ],
    ['deletion', ({ action }) => action === 'dynamodb:PutItem', (call) => ({ ...call, action: 'dynamodb:DeleteItem' })],
  ])('do not reach %s', (_what, choose, change) => {
    const token = statements.find(({ role }) => role.includes('EndpointsToken'))?.role;
    const call =
      callsOfFunctions().find((each) => each.principal === token && choose(each)) ?? expect.fail('no such call');
    expect(allows(statements, call)).toBe(true);
    expect(allows(statements, change(call))).toBe(false);
  });
});

function withContext(call: RecordedCall, key: string, value: string): RecordedCall {
  return { ...call, context: { ...call.context, [key]: value } };
}
