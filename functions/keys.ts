// /admin/keys: GET of the keyring, POST of a rotation and of a key's revocation; and the schedule that rotates. Wiring only.
import { KMSClient } from '@aws-sdk/client-kms';
import { patientOptions } from '../shared/aws/client-options.ts';
import { createSealedKeys } from '../shared/aws/keys/envelope-keys.ts';
import { createKeyringStore, unavailableStore } from '../shared/aws/keys/keyring.ts';
import { createKmsKeys, createMakeMac } from '../shared/aws/keys/kms-keys.ts';
import { createPublishKeys } from '../shared/aws/published-documents.ts';
import { createRecordRevocation } from '../shared/aws/records/revocations.ts';
import { byResource } from '../shared/http/by-resource.ts';
import {
  keyRotationTask,
  keysEndpoint,
  revokeKeyEndpoint,
  rotateKeysEndpoint,
} from '../shared/http/endpoints/admin-keys.ts';
import { keptFor } from '../shared/oauth/revocation/revocation-request.ts';
import { keyPurposes } from '../shared/policy/key-purposes.ts';
import { configured, joinedPolicy, logOf, now, recordsStore } from './wiring.ts';
import { documents } from './wiring-documents.ts';
import { endSessionsBy } from './wiring-sessions.ts';

const config = configured(
  ...(['recordsTable', 'awsClients', 'policyValues', 'sessionRevocations', 'lambdaEndpoint'] as const),
  ...(['keyringMac', 'keyringTag', 'keySigners', 'keyRotation', 'wrappingKey'] as const),
);
const policy = joinedPolicy(config);
const { call, table } = await recordsStore(config);
const kms = new KMSClient(patientOptions);
const { wrappingKey } = config;
const store = unavailableStore(createKeyringStore({ call, table, makeMac: createMakeMac(kms, config.keyringMac) }));
const endpoint = {
  policy,
  store,
  publish: createPublishKeys(documents, store.read),
  kms: wrappingKey === undefined ? createKmsKeys(kms, config) : createSealedKeys(kms, wrappingKey),
  terms: { purposes: keyPurposes(policy), every: config.keyRotation },
  recordRevocation: createRecordRevocation(call, table),
  endSessions: endSessionsBy(config),
  keptFor: keptFor(policy),
  now,
  write: logOf('keys'),
};

export const handler = byResource<unknown>({
  '/admin/keys': keysEndpoint(endpoint),
  '/admin/keys/rotate': rotateKeysEndpoint(endpoint),
  '/admin/keys/{kid}/revoke': revokeKeyEndpoint(endpoint),
  // On a schedule, not a route.
  rotation: keyRotationTask(endpoint),
});
