// GET of the two discovery documents. Wiring only.
import { byResource } from '../shared/http/by-resource.ts';
import { publicDocument } from '../shared/http/endpoints/public-document.ts';
import { authorizationServerMetadata, openidConfiguration } from '../shared/oauth/server-metadata.ts';
import { configured, joinedPolicy, logOf } from './wiring.ts';

const config = configured('issuer', 'apiBase', 'policyValues');
const deployment = { ...config, policy: joinedPolicy(config) };
const write = logOf('discovery');

export const handler = byResource({
  '/.well-known/oauth-authorization-server': publicDocument(() => authorizationServerMetadata(deployment), 300, write),
  '/.well-known/openid-configuration': publicDocument(() => openidConfiguration(deployment), 300, write),
});
