// What a client's certificate says (RFC 8705 §2). Functions load it where the policy has a client that authenticates by one. Pure.
import { createPublicKey, X509Certificate } from 'node:crypto';
import type {
  Authority,
  CertificateName,
  Client,
  ClientAuthentication,
  CompiledPolicy,
} from '../../policy/compiled-policy.ts';
import { comparableName } from '../../policy/distinguished-name.ts';
import type { ClientCertificate } from '../request/client-certificate.ts';

/** `clients` are all of the policy; `now` is seconds since the epoch. */
export interface CertificateWorld extends Pick<CompiledPolicy, 'clients'> {
  /** Those who sign for names; anybody whom the terminator trusts, without it. */
  readonly authorities?: readonly Authority[] | undefined;
  readonly now: number;
}

/** Whether one of a client's ways to authenticate fits the certificate of a connection. */
export type MatchesCertificate = (
  ways: readonly ClientAuthentication[],
  certificate: ClientCertificate,
  world: CertificateWorld,
) => boolean;

export const matchesCertificate: MatchesCertificate = (ways, { pem, thumbprint }, { clients, authorities, now }) => {
  const certificate = parse(pem);
  // The terminator has looked at the times, too; its clock and its trust store are not ours.
  if (!certificate || !isCurrent(certificate, now)) return false;
  const isOwn = Object.values(clients)
    .flatMap(waysOf)
    .some((way) => isMadeBy(way, certificate, thumbprint));
  // Of a chain that a client's own certificate begins, the last may be signed by one that nobody here has seen.
  const hasName = !isOwn && (authorities === undefined || isOfAny(authorities, certificate));
  return ways.some((way) => {
    if (way.method === 'self_signed_tls_client_auth') return way.thumbprints.includes(thumbprint);
    return way.method === 'tls_client_auth' && hasName && isNamed(certificate, way);
  });
};

function waysOf({ auth, also = [] }: Client): readonly ClientAuthentication[] {
  return [auth, ...also];
}

/**
 * Whether a client has made the certificate: its own, or one that its own has signed, since the trust store trusts both like those of
 * an authority. Whoever makes a certificate writes the names in it, which then prove nothing.
 */
function isMadeBy(way: ClientAuthentication, certificate: X509Certificate, thumbprint: string): boolean {
  if (way.method !== 'self_signed_tls_client_auth') return false;
  const { thumbprints, signers = [] } = way;
  return thumbprints.includes(thumbprint) || signers.some((signer) => isSignedBy(certificate, signer));
}

/** By name first: an authority's name costs nothing to compare, and there may be a thousand of them. */
function isOfAny(authorities: readonly Authority[], certificate: X509Certificate): boolean {
  const issuer = comparableName(certificate.issuer);
  return authorities.some(({ name, key }) => name === issuer && isSignedBy(certificate, key));
}

function isSignedBy(certificate: X509Certificate, signer: string): boolean {
  const key = createPublicKey({ key: Buffer.from(signer, 'base64'), format: 'der', type: 'spki' });
  return certificate.verify(key);
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function isCurrent({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() / 1_000 <= now && now <= validToDate.getTime() / 1_000;
}

type Way = Extract<ClientAuthentication, { readonly method: 'tls_client_auth' }>;

/** Compared as it is. */
type TextName = Exclude<CertificateName, 'subject_dn' | 'san_ip'>;

function isNamed(certificate: X509Certificate, { name, value }: Way): boolean {
  // Of an address of IPv6 there are many spellings (RFC 5952), and Node.js writes another than people do.
  if (name === 'san_ip') return hasAddress(certificate, value);
  return namesOf(certificate, name).includes(value);
}

function hasAddress(certificate: X509Certificate, address: string): boolean {
  try {
    return certificate.checkIP(address) !== undefined;
  } catch {
    return false; // it is no address
  }
}

/** One that has other names may have no subject (RFC 5280 §4.1.2.6), whatever Node's types say. */
interface NamedCertificate {
  readonly subject: string | undefined;
  readonly subjectAltName?: string | undefined;
}

const labels: Readonly<Record<TextName, string>> = {
  san_dns: 'DNS',
  san_uri: 'URI',
  san_email: 'email',
};

/** All the certificate says of this kind. */
function namesOf({ subject, subjectAltName = '' }: NamedCertificate, name: TextName | 'subject_dn'): readonly string[] {
  // Node.js writes a part in a line, the most general first; RFC 4514 §2.1 the other way round.
  if (name === 'subject_dn') return subject === undefined ? [] : [subject.split('\n').toReversed().join(',')];
  const found = alternativeNames(subjectAltName).filter(({ label }) => label === labels[name]);
  return found.map(({ value }) => value);
}

/**
 * The parts of what Node.js makes of the extension: a value that could be read as several is a JSON string there
 * (CVE-2021-44532), and is read as one.
 */
function alternativeNames(text: string): readonly { readonly label: string; readonly value: string }[] {
  const parts = text.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g);
  return [...parts].map(([, label = '', value = '']) => ({
    label,
    value: value.startsWith('"') ? String(JSON.parse(value)) : value,
  }));
}
