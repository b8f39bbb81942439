// GET of the two discovery documents. Wiring only.
import { readFileSync } from 'node:fs';
import { environmentNames, readConfig } from '../shared/config.ts';
import { publicDocument } from '../shared/http/endpoints/public-document.ts';
import { createLog } from '../shared/http/log.ts';
import { authorizationServerMetadata, openidConfiguration } from '../shared/oauth/server-metadata.ts';
import { joinPolicy } from '../shared/policy/policy-artifact.ts';

const { issuer, apiBase } = readConfig(process.env, ['issuer', 'apiBase']);
const artifact = readFileSync(new URL('policy.json', import.meta.url), 'utf8');
const policy = joinPolicy(artifact, process.env[environmentNames.policyValues]);
const deployment = { issuer, apiBase, policy };

export const handler = publicDocument(
  (path) =>
    path.endsWith('/openid-configuration') ? openidConfiguration(deployment) : authorizationServerMetadata(deployment),
  300,
  createLog('discovery'),
);
