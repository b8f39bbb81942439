// The certificate of a caller's TLS connection (RFC 8705). Pure.
import { hash } from 'node:crypto';

export interface ClientCertificate {
  readonly pem: string;
  /** base64url SHA-256 of its DER: `x5t#S256` of what is bound to it. */
  readonly thumbprint: string;
}

/** @param pem of one certificate, as the terminator of the connection hands it over */
export function clientCertificate(pem: string): ClientCertificate {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  return { pem, thumbprint: hash('sha256', der, 'base64url') };
}
