// GET of the JWK Set. Wiring only.
import { publicDocument } from '../shared/http/endpoints/public-document.ts';
import { keySetDocument } from '../shared/oauth/public-documents.ts';
import { configured, keyringIn, logOf, recordsStore } from './wiring.ts';

const readKeyring = keyringIn(await recordsStore(configured('recordsTable', 'awsClients')));

export const handler = publicDocument(async () => keySetDocument(await readKeyring()), logOf('jwks'));
