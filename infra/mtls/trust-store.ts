// The trust store of clients' certificates: what API Gateway takes, and what it would only warn of after the deploy. Pure but for
// the file it is told to read.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mutual-tls.html
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Authority } from '../../shared/policy/compiled-policy.ts';
import { comparableName } from '../../shared/policy/distinguished-name.ts';
import { groupBy } from '../../shared/policy/group-by.ts';
import { PropsError } from '../props-error.ts';

export interface TrustStore {
  readonly pem: string;
  /** Those of the file, where clients have certificates of their own beside them. */
  readonly authorities: readonly Authority[] | undefined;
  /** What of it API Gateway or clients may stumble over, a line each. */
  readonly findings: readonly string[];
}

export interface TrustStoreParts {
  /** Path of a PEM file with certificates of authorities. */
  readonly file: string | undefined;
  /** PEM of the certificates that clients sign themselves. */
  readonly own: readonly string[];
  /** Seconds since the epoch. */
  readonly now: number;
}

const mostCertificates = 1_000;
const mostBytes = 1_000_000;

/** @throws PropsError for what cannot be one */
export function trustStoreOf({ file, own, now }: TrustStoreParts): TrustStore {
  const [ofFile, ofClients] = [
    file === undefined ? [] : certificatesIn(file),
    own.map((pem) => new X509Certificate(pem)),
  ];
  const all = [...new Map([...ofFile, ...ofClients].map((each) => [each.fingerprint256, each])).values()];
  if (all.length === 0) {
    const how = 'give a truststore, or a client of the policy its self_signed_tls_client_auth';
    throw new PropsError(`mtls trusts nobody: ${how}`);
  }
  const pem = all.map((certificate) => certificate.toString()).join('');
  if (all.length > mostCertificates || Buffer.byteLength(pem) > mostBytes) {
    const size = `${all.length} certificates in ${Buffer.byteLength(pem)} bytes`;
    throw new PropsError(`the trust store has ${size}, and API Gateway takes ${mostCertificates} in ${mostBytes}`);
  }
  const signers: Signers = {
    bySubject: groupBy(all, ({ subject }) => comparableName(subject)),
    roots: new Set(all.filter((each) => isIssuedBy(each, each))),
  };
  const findings = all.flatMap((certificate) => {
    const subject: string | undefined = certificate.subject;
    const about = `${subject?.replaceAll('\n', ', ') || 'a certificate without a name'} of the trust store`;
    return [
      ...timeProblems(certificate, now),
      ...algorithmProblems(certificate),
      ...chainProblems(certificate, signers),
    ].map((problem) => `${about} ${problem}`);
  });
  const keysOfClients = new Set(ofClients.map(publicKeyOf));
  const authorities = distinctAuthorities(ofFile).filter(({ key }) => !keysOfClients.has(key));
  return { pem, authorities: own.length === 0 ? undefined : authorities, findings };
}

/** A key may have several names: certificates that replace one another, or cross one another. */
function distinctAuthorities(certificates: readonly X509Certificate[]): readonly Authority[] {
  const authorities = certificates.map((each) => ({ name: comparableName(each.subject), key: publicKeyOf(each) }));
  return [...new Map(authorities.map((each) => [`${each.key} ${each.name}`, each])).values()];
}

function publicKeyOf({ publicKey }: X509Certificate): string {
  return publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
}

function certificatesIn(file: string): readonly X509Certificate[] {
  const text = read(file);
  // The file becomes an object of a bucket: nothing but certificates may come into it.
  if (text.includes('PRIVATE KEY-----')) {
    throw new PropsError(`${file} holds a private key: keep only certificates in it, and replace the key`);
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new PropsError(`${file} holds no certificate in PEM, -----BEGIN CERTIFICATE-----`);
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new PropsError(`certificate ${index + 1} of ${file} cannot be read`);
    }
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new PropsError(`mtls.truststore is a PEM file, and ${file} cannot be read (${code})`);
  }
}

/** Days before its end in which one is told. */
const soon = 30;

function timeProblems({ validFrom, validTo }: X509Certificate, now: number): readonly string[] {
  const [from, to] = [Date.parse(validFrom) / 1_000, Date.parse(validTo) / 1_000];
  if (now > to) return [`has ended: ${validTo}`];
  if (now < from) return [`is not valid yet: ${validFrom}`];
  return to - now < soon * 86_400 ? [`ends soon: ${validTo}`] : [];
}

const curves = ['prime256v1', 'secp384r1', 'secp521r1'];

/** SHA-256, -384 and -512 with RSA (RFC 8017) and ECDSA (RFC 5758), as DER has the identifiers. */
const signatures = [
  ...['0b', '0c', '0d'].map((last) => `2a864886f70d0101${last}`),
  ...['02', '03', '04'].map((last) => `2a8648ce3d0403${last}`),
];

function algorithmProblems(certificate: X509Certificate): readonly string[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: { modulusLength = 0, namedCurve = '' } = {} } =
    certificate.publicKey;
  const isGoodKey = type === 'rsa' ? modulusLength >= 2_048 : type === 'ec' && curves.includes(namedCurve);
  const known = 'API Gateway knows RSA from 2048 bits on and ECDSA from P-256 on';
  return [
    ...(isGoodKey ? [] : [`has a key of another kind: ${known}`]),
    ...(signatures.includes(signatureAlgorithm(certificate))
      ? []
      : ['is not signed with RSA or ECDSA over SHA-256 or more']),
  ];
}

/** Object identifier, in hex: what follows the signed part of a certificate begins with it (RFC 5280 §4.1). */
function signatureAlgorithm({ raw }: X509Certificate): string {
  const signed = element(raw, element(raw, 0).begin);
  const { begin, end } = element(raw, element(raw, signed.end).begin);
  return raw.toString('hex', begin, end);
}

/** Where the content of an element of DER begins and ends. */
function element(der: Buffer, at: number): { readonly begin: number; readonly end: number } {
  const length = der[at + 1] ?? 0;
  if (length < 0x80) return { begin: at + 2, end: at + 2 + length };
  const bytes = length & 0x7f;
  const begin = at + 2 + bytes;
  return { begin, end: begin + der.readUIntBE(at + 2, bytes) };
}

/** Certificates from a client's own up to the root. */
const longestChain = 4;

/** A signature costs a hundred times what a name does: each is looked at once, and only between equal names. */
interface Signers {
  readonly bySubject: ReadonlyMap<string, readonly X509Certificate[]>;
  /** Those that signed themselves. */
  readonly roots: ReadonlySet<X509Certificate>;
}

function chainProblems(certificate: X509Certificate, signers: Signers): readonly string[] {
  const above = chainAbove(certificate, signers);
  const root = above.at(-1) ?? certificate;
  if (!signers.roots.has(root)) {
    return ['ends no chain: the certificate that signed it is missing, and API Gateway wants all up to the root'];
  }
  const length = above.length + (certificate.ca ? 2 : 1);
  return length > longestChain ? [`makes a chain of ${length}, and API Gateway takes ${longestChain}`] : [];
}

/** Those that signed it, one the other, as far as they are there. */
function chainAbove(certificate: X509Certificate, { bySubject, roots }: Signers): readonly X509Certificate[] {
  const chain = [certificate];
  // Two that signed each other would go round for ever.
  for (const last of chain) {
    const named = roots.has(last) ? [] : (bySubject.get(comparableName(last.issuer)) ?? []);
    const issuer = named.find((one) => !chain.includes(one) && isIssuedBy(last, one));
    if (issuer) chain.push(issuer);
  }
  return chain.slice(1);
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
