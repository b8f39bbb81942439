// A certificate (RFC 5280), self-signed or not, written by hand because Node cannot make one and openssl may be absent.
import { createPrivateKey, generateKeyPairSync, type KeyPairKeyObjectResult, sign } from 'node:crypto';

export interface CertificateOptions {
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Subject alternative name: an address of IPv4, or of IPv6 with all its eight parts. */
  readonly ip: string;
  /** … more of them. */
  readonly dns?: readonly string[];
  readonly uri?: string;
  readonly email?: string;
  /** Common name of subject and issuer, none where it is empty: of two certificates of one name OpenSSL may look at the wrong one. */
  readonly name?: string;
  /** It may sign others. */
  readonly ca?: boolean;
  /** PEM of whose key signs it, and the common name of that; its own, without it. */
  readonly issuer?: { readonly key: string; readonly name: string };
  /** P-256 and SHA-256, without them. */
  readonly pair?: KeyPairKeyObjectResult;
  readonly digest?: 'sha1' | 'sha256';
}

/** By the kind of key that signs: identifier and parameters, in hex of DER. */
const algorithms: Readonly<Record<string, Readonly<Record<'sha1' | 'sha256', string>>>> = {
  ec: { sha1: '06072a8648ce3d0401', sha256: '06082a8648ce3d040302' },
  rsa: { sha1: '06092a864886f70d0101050500', sha256: '06092a864886f70d01010b0500' },
};

/** PEM of a key and its certificate. */
export function selfSigned({
  notBefore,
  notAfter,
  ip,
  dns = [],
  uri,
  email,
  name: called = 'loopback',
  ca = false,
  issuer,
  pair: { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  digest = 'sha256',
}: CertificateOptions): { key: string; cert: string } {
  const signer = issuer ? createPrivateKey(issuer.key) : privateKey;
  const algorithm = der(0x30, Buffer.from(algorithms[signer.asymmetricKeyType ?? '']?.[digest] ?? '', 'hex'));
  const subjectAltName = der(
    0x30,
    der(0x87, addressBytes(ip)),
    ...dns.map((each) => der(0x82, Buffer.from(each))),
    ...(uri === undefined ? [] : [der(0x86, Buffer.from(uri))]),
    ...(email === undefined ? [] : [der(0x81, Buffer.from(email))]),
  );
  const extensions = [
    der(0x30, Buffer.from('0603551d11', 'hex'), der(0x04, subjectAltName)),
    ...(ca ? [der(0x30, Buffer.from('0603551d130101ff', 'hex'), der(0x04, Buffer.from('30030101ff', 'hex')))] : []),
  ];
  const toBeSigned = der(
    0x30,
    der(0xa0, integer(2)),
    integer(1),
    algorithm,
    distinguished(issuer?.name ?? called),
    der(0x30, time(notBefore), time(notAfter)),
    distinguished(called),
    publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, der(0x30, ...extensions)),
  );
  const signature = der(0x03, Buffer.of(0), sign(digest, toBeSigned, signer));
  const body = der(0x30, toBeSigned, algorithm, signature).toString('base64');
  const cert = `-----BEGIN CERTIFICATE-----\n${body.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
  return { key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), cert };
}

function addressBytes(ip: string): Buffer {
  if (!ip.includes(':')) return Buffer.from(ip.split('.').map(Number));
  return Buffer.from(
    ip
      .split(':')
      .map((part) => part.padStart(4, '0'))
      .join(''),
    'hex',
  );
}

function distinguished(commonName: string): Buffer {
  if (commonName === '') return der(0x30);
  return der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(commonName)))));
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function integer(value: number): Buffer {
  return der(0x02, Buffer.of(value));
}

function time(date: Date): Buffer {
  const text = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(0x18, Buffer.from(text));
}
