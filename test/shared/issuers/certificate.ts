// A self-signed certificate (RFC 5280), written by hand because Node cannot make one and openssl may be absent.
import { generateKeyPairSync, sign } from 'node:crypto';

export interface CertificateOptions {
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Subject alternative name: an IPv4 address. */
  readonly ip: string;
  /** … more of them. */
  readonly dns?: readonly string[];
  readonly uri?: string;
  /** Common name of subject and issuer: of two certificates of one name OpenSSL may look at the wrong one. */
  readonly name?: string;
}

/** PEM of a fresh P-256 key and its certificate. */
export function selfSigned({ notBefore, notAfter, ip, dns = [], uri, name: called = 'loopback' }: CertificateOptions): {
  key: string;
  cert: string;
} {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
  const commonName = der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(called)));
  const name = der(0x30, der(0x31, commonName));
  const subjectAltName = der(
    0x30,
    der(0x87, Buffer.from(ip.split('.').map(Number))),
    ...dns.map((each) => der(0x82, Buffer.from(each))),
    ...(uri === undefined ? [] : [der(0x86, Buffer.from(uri))]),
  );
  const extension = der(0x30, Buffer.from('0603551d11', 'hex'), der(0x04, subjectAltName));
  const toBeSigned = der(
    0x30,
    der(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    name,
    der(0x30, time(notBefore), time(notAfter)),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, der(0x30, extension)),
  );
  const signature = der(0x03, Buffer.of(0), sign('sha256', toBeSigned, privateKey));
  const body = der(0x30, toBeSigned, ecdsaWithSha256, signature).toString('base64');
  const cert = `-----BEGIN CERTIFICATE-----\n${body.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
  return { key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), cert };
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
