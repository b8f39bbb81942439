// oidc-provider with a token-exchange grant, on the SDK. WORK says how much it does: `calls` signs with KMS and records the token,
// two calls to AWS; `same` does all that an exchange of ours does; `memory` has its key and its tokens in the process.
import { createPublicKey } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import Provider, { ExternalSigningKey, errors } from 'oidc-provider';
import { callsBySdk } from './aws-by-sdk.mjs';
import { callsInProcess } from './calls-in-process.mjs';
import { world } from './read-world.mjs';
import { serve } from './serve.mjs';
import { joseSignature, workOver } from './work.mjs';

const { WORK } = process.env;
const isSame = WORK === 'same';
const inMemory = WORK === 'memory';
const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const jwtType = 'urn:ietf:params:oauth:token-type:jwt';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
const { readHolds, sign, record, find, log } = workOver(inMemory ? callsInProcess(world) : callsBySdk(), world);

class KmsKey extends ExternalSigningKey {
  keyObject() {
    return createPublicKey({ key: world.signingJwk, format: 'jwk' });
  }

  async sign(data) {
    return joseSignature(await sign(data, { verified: isSame }));
  }
}

/** Opaque tokens alone are kept: those in JWT are not, by oidc-provider's own choice. */
class Adapter {
  upsert(id, payload) {
    return record(id, payload, 0);
  }

  find(id) {
    return find(id);
  }
}

const key = Object.assign(new KmsKey(), { kid: world.kid, alg: 'ES256' });
const provider = new Provider(world.self, {
  adapter: Adapter,
  jwks: { keys: [inMemory ? world.signingPrivateJwk : key] },
  clients: [
    {
      client_id: world.client,
      client_secret: world.secret,
      grant_types: [grantType],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'ES256',
    },
  ],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  scopes: ['read', 'write'],
  ttl: { AccessToken: 300 },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: { enabled: true },
    externalSigningSupport: { enabled: true, ack: 'experimental-01' },
  },
  findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
});

const findKey = createLocalJWKSet({ keys: [world.issuerJwk] });
const resourceServer = () =>
  new provider.ResourceServer(world.resource, {
    scope: 'read write',
    audience: world.resource,
    accessTokenFormat: 'jwt',
    accessTokenTTL: 300,
    jwt: { sign: { alg: 'ES256', kid: world.kid } },
  });

async function exchange(context) {
  const { params, client } = context.oidc;
  if (params.subject_token_type !== jwtType || params.resource !== world.resource) throw new errors.InvalidRequest();
  const { payload } = await jwtVerify(params.subject_token, findKey, {
    issuer: world.issuer,
    audience: world.audience,
    algorithms: ['ES256'],
  });
  if (payload.repository_id !== '456789' || payload.ref !== 'refs/heads/main') throw new errors.InvalidTarget();
  if (isSame) await readHolds(payload.sub);
  const token = new provider.AccessToken({
    accountId: `ci|${payload.sub}`,
    client,
    gty: grantType,
    scope: 'read write',
  });
  token.resourceServer = resourceServer();
  context.oidc.entity('AccessToken', token);
  token.jti = token.generateTokenId();
  const claims = {
    sub: token.accountId,
    client: client.clientId,
    scope: token.scope,
    exp: Math.floor(Date.now() / 1_000) + 300,
  };
  const [access_token] = await Promise.all([token.save(), record(token.jti, claims, isSame ? 800 : 0)]);
  if (isSame) log({ ...claims, subject: payload });
  context.body = {
    access_token,
    issued_token_type: accessTokenType,
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope: token.scope,
  };
}

provider.registerGrantType(grantType, exchange, [
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'resource',
  'audience',
  'scope',
]);
// What the peer says of its own failures is worth as much as ours.
provider.on('server_error', (_context, error) => process.stderr.write(`${error.stack}\n`));
provider.on('grant.error', (_context, error) => process.stderr.write(`${error.stack}\n`));

const client = await provider.Client.find(world.client);
const opaque = new provider.AccessToken({ accountId: 'ci|job', client, gty: grantType, scope: 'read write' });
serve(provider.callback(), { opaque: await opaque.save() });
