// GET of the JWK Set. Wiring only.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientOptions } from '../shared/aws/client-options.ts';
import { createCachedKeyring, createReadKeyring } from '../shared/aws/keyring.ts';
import { readConfig } from '../shared/config.ts';
import { publicDocument } from '../shared/http/endpoints/public-document.ts';
import { createLog } from '../shared/http/log.ts';
import { publicKeySet } from '../shared/oauth/jose/keyring.ts';

const { recordsTable } = readConfig(process.env, ['recordsTable']);
const dynamodb = new DynamoDBClient(clientOptions);
const readKeyring = createCachedKeyring(createReadKeyring(dynamodb, recordsTable), Date.now);

export const handler = publicDocument(async () => publicKeySet(await readKeyring()), 300, createLog('jwks'));
