// The least code that exchanges and introspects: node:crypto, one issuer, one client, one rule, every answer a bare 200.
import { createHash, createPublicKey, randomUUID, timingSafeEqual, verify } from 'node:crypto';
import { joseSignature, workOver } from './work.mjs';

const jwtType = 'urn:ietf:params:oauth:token-type:jwt';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const json = { 'content-type': 'application/json', 'cache-control': 'no-store' };
const answer = (body) => ({ statusCode: 200, headers: json, body: JSON.stringify(body) });
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * @param call as of workOver
 * @param {'reads' | 'same'} work revocations read, signed, recorded in a few bytes; or all that an exchange of ours does
 */
export function createFloor(world, call, work) {
  const { readHolds, sign, record, log } = workOver(call, world);
  const isSame = work === 'same';
  const keyOf = (jwk) => ({ key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' });
  const [issuerKey, ownKey] = [keyOf(world.issuerJwk), keyOf(world.signingJwk)];
  const secretHash = Buffer.from(world.secretSha256, 'hex');
  const header = base64url({ alg: 'ES256', typ: 'at+jwt', kid: world.kid });

  const authenticate = (authorization) => {
    const [id, secret] = Buffer.from(authorization.slice(6), 'base64').toString().split(':');
    const hash = createHash('sha256').update(secret).digest();
    if (id !== world.client || !timingSafeEqual(hash, secretHash)) throw new Error('invalid_client');
  };
  const claimsOf = (token, key, { iss, aud }) => {
    const [head, payload, signature] = token.split('.');
    const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString());
    const signed = Buffer.from(`${head}.${payload}`);
    if (alg !== 'ES256' || !verify('sha256', signed, key, Buffer.from(signature, 'base64url')))
      throw new Error('signature');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    if (claims.iss !== iss || claims.aud !== aud || claims.exp < Date.now() / 1_000) throw new Error('claims');
    return claims;
  };

  return {
    exchange: async (authorization, body) => {
      authenticate(authorization);
      const form = new URLSearchParams(body);
      if (form.get('subject_token_type') !== jwtType || form.get('resource') !== world.resource)
        throw new Error('form');
      const subject = claimsOf(form.get('subject_token'), issuerKey, { iss: world.issuer, aud: world.audience });
      if (subject.repository_id !== '456789' || subject.ref !== 'refs/heads/main') throw new Error('no rule');
      await readHolds(subject.sub);
      const iat = Math.floor(Date.now() / 1_000);
      const jti = randomUUID();
      const sub = `ci|${subject.sub}`;
      const claims = {
        iss: world.self,
        sub,
        aud: world.resource,
        client_id: world.client,
        iat,
        exp: iat + 300,
        jti,
        scope: 'read write',
      };
      const input = `${header}.${base64url(claims)}`;
      const [signature] = await Promise.all([sign(input, { verified: isSame }), record(jti, claims, isSame ? 700 : 0)]);
      if (isSame) log({ ...claims, subject });
      const access_token = `${input}.${joseSignature(signature).toString('base64url')}`;
      return answer({
        access_token,
        issued_token_type: accessToken,
        token_type: 'Bearer',
        expires_in: 300,
        scope: claims.scope,
      });
    },
    introspect: async (authorization, body) => {
      authenticate(authorization);
      const claims = claimsOf(new URLSearchParams(body).get('token'), ownKey, { iss: world.self, aud: world.resource });
      await readHolds(claims.sub);
      return answer({ active: true, ...claims, token_type: 'Bearer' });
    },
  };
}
