// GET /status-lists/{id}. Wiring only.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createCachedKeyring, createReadKeyring } from '../shared/aws/keyring.ts';
import { createSign } from '../shared/aws/kms.ts';
import { createListRevocations, createListTokens } from '../shared/aws/listed-items.ts';
import { createCountPositions } from '../shared/aws/status-positions.ts';
import { readConfig } from '../shared/config.ts';
import { statusListEndpoint } from '../shared/http/endpoints/status-list.ts';
import { createLog } from '../shared/http/log.ts';

const { issuer, recordsTable: table } = readConfig(process.env, ['issuer', 'recordsTable']);
const client = new DynamoDBClient(clientOptions);
const now = (): number => Math.floor(Date.now() / 1_000);

export const handler = statusListEndpoint({
  issuer,
  readKeyring: createCachedKeyring(createReadKeyring(client, table), Date.now),
  sign: createSign(new KMSClient(clientOptions)),
  countPositions: createCountPositions({ client, table, now }),
  listTokens: createListTokens(client, table),
  listRevocations: createListRevocations(client, table, now),
  now,
  write: createLog('status-lists'),
});
