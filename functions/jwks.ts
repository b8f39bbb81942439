// GET of the JWK Set. Wiring only.
import { publicDocument } from '../shared/http/endpoints/public-document.ts';
import { keySetDocument } from '../shared/oauth/public-documents.ts';
import { configured, keyringOf, logOf, recordsStore } from './wiring.ts';

const config = configured('recordsTable', 'awsClients', 'keyringMac');
const write = logOf('jwks');
// CloudFront asks every five minutes: each time it gets what is there, without a key that was revoked a moment ago.
const { readKeyring } = await keyringOf({ store: await recordsStore(config), config, write, freshFor: 0 });

export const handler = publicDocument(async () => keySetDocument(await readKeyring()), write);
