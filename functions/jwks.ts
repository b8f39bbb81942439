// GET of the JWK Set. Wiring only.
import { publicDocument } from '../shared/http/endpoints/public-document.ts';
import { publicKeySet } from '../shared/oauth/jose/keyring.ts';
import { configured, keyringIn, logOf, recordsStore } from './wiring.ts';

const readKeyring = keyringIn(await recordsStore(configured('recordsTable', 'awsClients')));

export const handler = publicDocument(async () => publicKeySet(await readKeyring()), 300, logOf('jwks'));
