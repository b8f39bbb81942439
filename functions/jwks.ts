// GET of the JWK Set, and what CloudTrail says of signatures by others. Wiring only.
import { byResource } from '../shared/http/by-resource.ts';
import { foreignSignatureTask } from '../shared/http/endpoints/foreign-signature.ts';
import { publicDocument } from '../shared/http/endpoints/public-document.ts';
import { keySetDocument, keySetPath } from '../shared/oauth/public-documents.ts';
import { clock, configured, keyringOf, logOf, recordsStore } from './wiring.ts';

const config = configured('recordsTable', 'awsClients', 'keyringMac');
const write = logOf('jwks');
// CloudFront asks every five minutes: each time it gets what is there, without a key that was revoked a moment ago.
const { readKeyring } = await keyringOf({ store: await recordsStore(config), config, write, freshFor: 0 });

export const handler = byResource<unknown>({
  [keySetPath]: publicDocument(async () => keySetDocument(await readKeyring()), write),
  // By CloudTrail's events, no route: many of them must not keep an operator from revoking the key.
  signature: foreignSignatureTask({ readKeyring, clock, write }),
});
