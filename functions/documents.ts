// The custom resource that writes the public documents at deploy, which may take its time. Wiring only.
import { setTimeout as wait } from 'node:timers/promises';
import { retryWhileDenied } from '../shared/aws/access-denied.ts';
import { customResource } from '../shared/aws/custom-resource.ts';
import { createPutDocument, publishKeySet } from '../shared/aws/published-documents.ts';
import { openidDocument, serverMetadataDocument } from '../shared/oauth/public-documents.ts';
import { configured, joinedPolicy, keyringOf, logOf, recordsStore } from './wiring.ts';
import { documents } from './wiring-documents.ts';

const config = configured('policyValues', 'recordsTable', 'awsClients', 'keyringMac');
const deployment = { ...configured('issuer', 'apiBase', 'mtlsBase'), policy: joinedPolicy(config) };
const store = await recordsStore(config);
const { readKeyring } = await keyringOf({ store, config, write: logOf('documents'), freshFor: 0 });
const putDocument = createPutDocument(documents);

export const handler = customResource('cambio-documents', async () => {
  const publish = async (): Promise<void> => {
    for (const document of [serverMetadataDocument(deployment), openidDocument(deployment)])
      await putDocument(document);
    await publishKeySet(readKeyring, putDocument);
  };
  await retryWhileDenied(publish, (seconds) => wait(seconds * 1_000));
  return undefined;
});
