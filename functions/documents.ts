// The custom resource that writes the public documents at deploy, which may take its time. Wiring only.
import { setTimeout as wait } from 'node:timers/promises';
import { retryWhileDenied } from '../shared/aws/access-denied.ts';
import { customResource } from '../shared/aws/custom-resource.ts';
import { createReadKeyring } from '../shared/aws/keyring.ts';
import { publishKeySet } from '../shared/aws/published-documents.ts';
import { openidDocument, serverMetadataDocument } from '../shared/oauth/public-documents.ts';
import { configured, joinedPolicy, recordsStore } from './wiring.ts';
import { putDocument } from './wiring-documents.ts';

const config = configured('issuer', 'apiBase', 'policyValues', 'recordsTable', 'awsClients');
const deployment = { ...config, policy: joinedPolicy(config) };
const { call, table } = await recordsStore(config);
const readKeyring = createReadKeyring(call, table);

export const handler = customResource('cambio-documents', async () => {
  const publish = async (): Promise<void> => {
    for (const document of [serverMetadataDocument(deployment), openidDocument(deployment)])
      await putDocument(document);
    await publishKeySet(readKeyring, putDocument);
  };
  await retryWhileDenied(publish, (seconds) => wait(seconds * 1_000));
  return undefined;
});
