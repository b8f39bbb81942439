// The certificate that a command shows where the server asks for one (RFC 8705), from its files. Reads them.
import { createPrivateKey, type JsonWebKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { ClientCertificate } from '../http-client.ts';
import { readText } from '../read-text.ts';
import { UsageError } from '../usage.ts';

/**
 * @param cert PEM of the certificate, and of those that vouch for it up to one that the server knows
 * @param key PEM or JWK
 * @throws UsageError that names a file and never quotes it
 */
export function readCertificate(cert: string, key: string): ClientCertificate {
  const chain = readText(cert);
  const certificate = certificateIn(chain);
  if (!certificate) throw new UsageError(`${cert}: not a certificate in PEM`);
  const privateKey = privateKeyIn(readText(key));
  if (!privateKey) throw new UsageError(`${key}: not a private key in PEM or JWK without a passphrase`);
  if (!certificate.checkPrivateKey(privateKey)) throw new UsageError(`${key}: not the key of the certificate ${cert}`);
  return { cert: chain, key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() };
}

/** The first, which is the caller's own. */
export function certificateIn(pem: string): X509Certificate | undefined {
  try {
    return pem.includes('-----BEGIN CERTIFICATE-----') ? new X509Certificate(pem) : undefined;
  } catch {
    return undefined;
  }
}

function privateKeyIn(text: string): KeyObject | undefined {
  try {
    const isJwk = text.trimStart().startsWith('{');
    return createPrivateKey(isJwk ? { key: JSON.parse(text) as JsonWebKey, format: 'jwk' } : text);
  } catch {
    // The cause could quote the key.
    return undefined;
  }
}
