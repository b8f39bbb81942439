// A client of a checked policy as the functions read it: how it proves who it is. Pure.
import type { Client, ClientAuthentication } from '../../../shared/policy/compiled-policy.ts';
import type { Catalogues } from '../claims/catalogue-by-name.ts';
import type { StandInKeys } from '../compile-options.ts';
import { defaults } from '../schema/defaults.ts';
import { isLoopbackUrl } from '../schema/https-url.ts';
import type { Entry } from '../schema/merge.ts';
import type { ClientEntry } from '../schema/schema.ts';
import { inlineKeys } from './key-source.ts';
import { lowerMatch } from './match.ts';
import { lowerQuota } from './quota.ts';

type KeyedAuthentication = Extract<ClientAuthentication, { readonly method: 'private_key_jwt' }>;

export interface LowerClientContext {
  readonly catalogues: Catalogues;
  readonly standIns?: StandInKeys | undefined;
}

export function lowerClient({ name, value }: Entry<ClientEntry>, context: LowerClientContext): Client {
  const { introspects = [], quota } = value;
  const auth = lowerAuthentication(name, value, context);
  return { name, auth, introspects, ...(quota !== undefined && { quota: lowerQuota(quota) }) };
}

function lowerAuthentication(
  name: string,
  { auth }: ClientEntry,
  { catalogues, standIns }: LowerClientContext,
): ClientAuthentication {
  const { client_secret_basic: basic, client_secret_post: post, private_key_jwt: keyed, federated } = auth;
  if (federated !== undefined) {
    const catalogue = catalogues.get(federated.issuer) ?? { claims: {} };
    return { method: 'federated', issuer: federated.issuer, match: lowerMatch(catalogue, federated.match ?? {}) };
  }
  if (keyed !== undefined) return lowerKeys(name, keyed, standIns);
  return { method: 'client_secret', sha256: (basic ?? post)?.sha256 ?? '' };
}

function lowerKeys(
  name: string,
  { jwksUri = '', jwks }: NonNullable<ClientEntry['auth']['private_key_jwt']>,
  standIns: StandInKeys | undefined,
): KeyedAuthentication {
  const stated = { method: 'private_key_jwt', algorithms: defaults.algorithms, network: 'public' } as const;
  if (jwks !== undefined) return { ...stated, keys: inlineKeys(jwks.keys) };
  if (isLoopbackUrl(jwksUri)) return { ...stated, keys: { from: 'jwksUri', jwksUri }, network: 'loopback' };
  const standIn = standIns?.(name);
  return { ...stated, keys: standIn === undefined ? { from: 'jwksUri', jwksUri } : inlineKeys(standIn.keys) };
}
