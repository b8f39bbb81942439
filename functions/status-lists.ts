// GET /status-lists/{id}. Wiring only.
import { createListRevocations, createListTokens } from '../shared/aws/records/listed-items.ts';
import { createCountPositions } from '../shared/aws/records/status-positions.ts';
import { statusListEndpoint } from '../shared/http/endpoints/status-list.ts';
import { configured, keyringOf, logOf, now, recordsStore } from './wiring.ts';

const config = configured('issuer', 'recordsTable', 'awsClients', 'keyringMac');
const write = logOf('status-lists');
const store = await recordsStore(config);
const { call, table } = store;

export const handler = statusListEndpoint({
  issuer: config.issuer,
  ...(await keyringOf({ store, config, write })),
  countPositions: createCountPositions({ call, table, now }),
  listTokens: createListTokens(call, table),
  // A token was checked against all revocations when it was issued, and lives at most a day and 300 s.
  listRevocations: createListRevocations({ call, table, now, hours: 26 }),
  now,
  write,
});
