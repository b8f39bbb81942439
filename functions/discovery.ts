// GET of the two discovery documents. Wiring only.
import { byResource } from '../shared/http/by-resource.ts';
import { publicDocument } from '../shared/http/endpoints/public-document.ts';
import {
  openidConfigurationPath,
  openidDocument,
  serverMetadataDocument,
  serverMetadataPath,
} from '../shared/oauth/public-documents.ts';
import { configured, joinedPolicy, logOf } from './wiring.ts';

const config = configured('issuer', 'apiBase', 'mtlsBase', 'policyValues');
const deployment = { ...config, policy: joinedPolicy(config) };
const write = logOf('discovery');

export const handler = byResource({
  [serverMetadataPath]: publicDocument(() => serverMetadataDocument(deployment), write),
  [openidConfigurationPath]: publicDocument(() => openidDocument(deployment), write),
});
