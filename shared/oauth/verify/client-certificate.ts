// What a client's certificate says (RFC 8705 §2). Functions load it where the policy has a client that authenticates by one. Pure.
import { X509Certificate } from 'node:crypto';
import type { CertificateName, ClientAuthentication } from '../../policy/compiled-policy.ts';
import type { ClientCertificate } from '../request/client-certificate.ts';

/**
 * Whether a client's entry fits the certificate of a connection.
 * @param now seconds since the epoch
 */
export type MatchesCertificate = (auth: ClientAuthentication, certificate: ClientCertificate, now: number) => boolean;

export const matchesCertificate: MatchesCertificate = (auth, { pem, thumbprint }, now) => {
  if (auth.method !== 'tls_client_auth' && auth.method !== 'self_signed_tls_client_auth') return false;
  const certificate = parse(pem);
  // The terminator has looked at the times, too; its clock and its trust store are not ours.
  if (!certificate || !isCurrent(certificate, now)) return false;
  if (auth.method === 'self_signed_tls_client_auth') return auth.thumbprints.includes(thumbprint);
  return namesOf(certificate, auth.name).includes(auth.value);
};

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

const labels: Readonly<Record<Exclude<CertificateName, 'subject_dn'>, string>> = {
  san_dns: 'DNS',
  san_uri: 'URI',
  san_ip: 'IP Address',
  san_email: 'email',
};

/** All the certificate says of this kind. */
function namesOf({ subject, subjectAltName = '' }: X509Certificate, name: CertificateName): readonly string[] {
  // Node.js writes a part in a line, the most general first; RFC 4514 §2.1 the other way round.
  if (name === 'subject_dn') return [subject.split('\n').toReversed().join(',')];
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
