// Names of certificates (RFC 5280 §7.1), compared before a signature is looked at. Pure.

/**
 * A name as Node.js writes it, in a form that all names have which OpenSSL takes for the same: it looks at neither case nor white space.
 * Others may have the same form: this finds whose signature is worth a look, and proves nothing.
 * @param name undefined of a certificate without one, whatever Node's types say
 */
export function comparableName(name: string | undefined): string {
  return (name ?? '').replace(/[\s\\]/g, '').toLowerCase();
}
