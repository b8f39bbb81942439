// Which way AWS is called, as the functions' setting says.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createCallDynamoDb, createCallKms } from '../../../shared/aws/clients.ts';

let agents: (string | undefined)[] = [];
const server = createServer((request, response) => {
  agents.push(request.headers['user-agent']?.split(/[/ ]/)[0]);
  const body = '{"Item":{},"Signature":"AAEC"}';
  request.resume().on('end', () => response.writeHead(200, { 'content-length': body.length }).end(body));
});
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});
beforeEach(() => {
  agents = [];
  // Where the SDK's clients look.
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKID');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

test.each([
  [undefined, 'cambio'],
  ['direct', 'cambio'],
  ['sdk', 'aws-sdk-js'],
] as const)('by the setting %s both services are called by %s, with the same answers', async (awsClients, agent) => {
  const options = { awsClients, environment: process.env, clock: Date.now, random: Math.random };
  const get = { TableName: 'records', Key: { pk: { S: 'x' } }, ConsistentRead: true } as const;
  expect(await (await createCallDynamoDb(options))('GetItem', get)).toMatchObject({ Item: {} });
  const signature = await (await createCallKms(options)).signMessage(
    'arn:key',
    Buffer.from('message'),
    'ECDSA_SHA_256',
  );
  expect([...(signature ?? [])]).toEqual([0, 1, 2]);
  expect(agents).toEqual([agent, agent]);
});
