// GET /status-lists/{id}. Wiring only.
import { createListRevocations, createListTokens } from '../shared/aws/listed-items.ts';
import { createCountPositions } from '../shared/aws/status-positions.ts';
import { statusListEndpoint } from '../shared/http/endpoints/status-list.ts';
import { configured, keyringIn, logOf, now, recordsStore, signWithKms } from './wiring.ts';

const config = configured('issuer', 'recordsTable', 'awsClients');
const store = recordsStore(config);
const { call, table } = store;

export const handler = statusListEndpoint({
  issuer: config.issuer,
  readKeyring: keyringIn(store),
  sign: signWithKms(config),
  countPositions: createCountPositions({ call, table, now }),
  listTokens: createListTokens(call, table),
  listRevocations: createListRevocations(call, table, now),
  now,
  write: logOf('status-lists'),
});
