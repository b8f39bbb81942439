// The endpoints of the functions with nothing outside their process: DynamoDB is a Map and KMS a key. Wired as functions/token.ts and
// functions/introspect.ts are; bundled as they are and served by function-server.mjs.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CallDynamoDb } from '../../../shared/aws/dynamodb.ts';
import { createCachedKeyring, createReadKeyring } from '../../../shared/aws/keys/keyring.ts';
import { createSign, type SignMessage } from '../../../shared/aws/kms.ts';
import { lookupsOf, recordsOf } from '../../../shared/aws/records/records.ts';
import { unverifiedDecisions } from '../../../shared/http/audited-endpoint.ts';
import { byResource } from '../../../shared/http/by-resource.ts';
import { createEntersList } from '../../../shared/http/decision-listing.ts';
import { introspectionEndpoint } from '../../../shared/http/endpoints/introspection.ts';
import { tokenEndpoint } from '../../../shared/http/endpoints/token.ts';
import { createLog } from '../../../shared/http/log.ts';
import { fetchJson } from '../../../shared/issuers/fetch-json.ts';
import { createIssuerKeys } from '../../../shared/issuers/issuer-keys.ts';
import { conditionEvaluator } from '../../../shared/policy/condition-evaluator.ts';
import { indexRules } from '../../../shared/policy/evaluate.ts';
import { joinPolicy } from '../../../shared/policy/policy-artifact.ts';
import { callsInProcess } from './calls-in-process.mjs';
import { world } from './read-world.mjs';

const clock = Date.now;
const now = (): number => Math.floor(clock() / 1_000);
const inProcess = callsInProcess(world);
const call: CallDynamoDb = (operation, input) => inProcess('dynamodb', operation, input);
const signMessage: SignMessage = async (KeyId, message, SigningAlgorithm) => {
  const input = { KeyId, Message: message.toString('base64'), SigningAlgorithm };
  return Buffer.from((await inProcess('kms', 'Sign', input)).Signature, 'base64');
};
const write = createLog({
  name: 'bench',
  clock,
  traceHeader: () => undefined,
  print: (line) => void process.stdout.write(line),
});
const policy = joinPolicy(readFileSync(new URL('policy.json', import.meta.url), 'utf8'), undefined);
const findKey = createIssuerKeys({ clock, fetchJson, random: Math.random, onFailure: () => {} });
const never = (): never => {
  throw new Error('no request of the bench comes here');
};
const capabilities = {
  ...lookupsOf({ call, table: 'records' }),
  ...recordsOf({ call, table: 'records', now, random: Math.random, entersList: createEntersList('all', clock) }),
  readKeyring: createCachedKeyring(
    createReadKeyring({ call, table: 'records', verifyMac: async () => true, onFault: never }),
    clock,
  ),
  issuer: world.self,
  apiBase: world.self,
  checkProof: never,
  currentNonce: never,
  policy,
  sign: createSign({ signMessage, decrypt: never }),
  checkUpstream: never,
  findIssuerKey: findKey,
  findClientKey: findKey,
  decisionRetention: 2_592_000,
  now,
  findRules: indexRules(policy.rules),
  evaluateCondition: await conditionEvaluator(policy),
  assumeRole: never,
  countRequest: async () => {},
  countCalls: async () => {},
  reserveStatus: never,
  newHandle: () => randomBytes(32),
};
const options = { write, newId: randomUUID, clock, budget: unverifiedDecisions(clock) };

export const handler = byResource({
  '/token': tokenEndpoint(capabilities, options),
  '/introspect': introspectionEndpoint(capabilities, options),
});
