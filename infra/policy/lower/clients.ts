// A client of a checked policy as the functions read it: how it proves who it is. Pure.
import { hash, X509Certificate } from 'node:crypto';
import type { CertificateName, Client, ClientAuthentication } from '../../../shared/policy/compiled-policy.ts';
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
  const [auth, ...also] = lowerAuthentications(name, value, context);
  if (auth === undefined) throw new TypeError(`client ${name} has no way to authenticate`);
  const { introspects = [], quota } = value;
  const stated = { name, auth, ...(also.length > 0 && { also }), introspects };
  return { ...stated, ...(quota !== undefined && { quota: lowerQuota(quota) }) };
}

/** The way the client has, once for each secret or key. */
function lowerAuthentications(
  name: string,
  { auth }: ClientEntry,
  { catalogues, standIns }: LowerClientContext,
): readonly ClientAuthentication[] {
  const { private_key_jwt: keyed, federated, tls_client_auth: named, self_signed_tls_client_auth: own } = auth;
  if (federated !== undefined) {
    const catalogue = catalogues.get(federated.issuer) ?? { claims: {} };
    return [{ method: 'federated', issuer: federated.issuer, match: lowerMatch(catalogue, federated.match ?? {}) }];
  }
  if (keyed !== undefined)
    return [keyed].flat().map((entry) => ({ ...lowerKeys(name, entry, standIns), ...endOf(entry) }));
  if (named !== undefined) return [named].flat().map((entry) => ({ ...lowerCertificateName(entry), ...endOf(entry) }));
  if (own !== undefined) return [own].flat().map((entry) => ({ ...lowerCertificates(entry), ...endOf(entry) }));
  const secrets = [auth.client_secret_basic ?? auth.client_secret_post ?? { sha256: '' }].flat();
  return secrets.map((entry) => ({ method: 'client_secret', sha256: entry.sha256, ...endOf(entry) }));
}

/** The day itself is the last one. */
export function endOf({ notAfter }: { readonly notAfter?: string | undefined }): { readonly notAfter?: number } {
  return notAfter === undefined ? {} : { notAfter: Date.parse(`${notAfter}T00:00:00Z`) / 1_000 + 86_400 };
}

type ListOf<Way extends keyof ClientEntry['auth']> = Exclude<NonNullable<ClientEntry['auth'][Way]>, readonly unknown[]>;

function lowerCertificateName({ notAfter: _, ...names }: ListOf<'tls_client_auth'>): ClientAuthentication {
  const none: [CertificateName, string] = ['subject_dn', ''];
  const [[name, value] = none] = Object.entries(names) as [CertificateName, string][];
  return { method: 'tls_client_auth', name, value };
}

/** PEM. */
export function ownCertificates({ auth: { self_signed_tls_client_auth: own = [] } }: ClientEntry): readonly string[] {
  const parsed = [own].flat().flatMap(({ certificates }) => [certificates].flat().map(parseCertificate));
  return parsed.flatMap((certificate) => certificate?.toString() ?? []);
}

function lowerCertificates({ certificates }: ListOf<'self_signed_tls_client_auth'>): ClientAuthentication {
  const parsed = [certificates].flat().flatMap((pem) => parseCertificate(pem) ?? []);
  const thumbprints = parsed.map(({ raw }) => hash('sha256', raw, 'base64url'));
  const signers = parsed.flatMap(({ ca, publicKey }) =>
    ca ? publicKey.export({ format: 'der', type: 'spki' }).toString('base64') : [],
  );
  return { method: 'self_signed_tls_client_auth', thumbprints, ...(signers.length > 0 && { signers }) };
}

/** Undefined for what is no certificate. */
export function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function lowerKeys(
  name: string,
  { jwksUri = '', jwks }: ListOf<'private_key_jwt'>,
  standIns: StandInKeys | undefined,
): KeyedAuthentication {
  const stated = { method: 'private_key_jwt', algorithms: defaults.algorithms, network: 'public' } as const;
  if (jwks !== undefined) return { ...stated, keys: inlineKeys(jwks.keys) };
  if (isLoopbackUrl(jwksUri)) return { ...stated, keys: { from: 'jwksUri', jwksUri }, network: 'loopback' };
  const standIn = standIns?.(name);
  return { ...stated, keys: standIn === undefined ? { from: 'jwksUri', jwksUri } : inlineKeys(standIn.keys) };
}
