// Each issuer's own certificate authority (`ca`): PEM written in the policy, or in a file beside it, checked and brought to
// certificates alone. What is wrong with one would show as a 503 at every token. Pure but for the reader it is given.
import { X509Certificate } from 'node:crypto';
import type { CompileOptions } from './compile-options.ts';
import type { Entry, MergedPolicy } from './schema/merge.ts';
import type { IssuerEntry } from './schema/schema.ts';
import { type Diagnostic, quote } from './source/diagnostic.ts';
import { below, errorAt, keyOf, type Place } from './source/place.ts';

export interface ResolvedAuthorities {
  /** PEM by issuer name. */
  readonly authorities: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
}

type Resolved = { readonly pem: string } | { readonly finding: Diagnostic };

export function resolveAuthorities({ issuers }: MergedPolicy, options: CompileOptions): ResolvedAuthorities {
  const resolved = issuers.flatMap((entry) => {
    const { ca } = entry.value;
    return ca === undefined ? [] : [{ name: entry.name, ...resolve(ca, entry, options) }];
  });
  return {
    authorities: new Map(resolved.flatMap((each) => ('pem' in each ? [[each.name, each.pem] as const] : []))),
    diagnostics: resolved.flatMap((each) => ('finding' in each ? [each.finding] : [])),
  };
}

function resolve(ca: string, { value, place }: Entry<IssuerEntry>, options: CompileOptions): Resolved {
  const at = below(place, 'ca');
  if (value.jwks !== undefined && value.introspection === undefined) {
    const message = 'nothing is fetched from this issuer: its keys are in the policy';
    return { finding: errorAt(keyOf(at), message, 'leave out "ca", or let its keys be fetched') };
  }
  if (ca.includes('-----BEGIN')) return certificatesIn(ca, at, 'this');
  if (/^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)/.test(ca)) {
    return {
      finding: errorAt(at, `${quote(ca)} is not beside the policy`, 'put the file into its folder, or below it'),
    };
  }
  const text = options.readBeside?.(at.source.file, ca);
  if (text === undefined) {
    const message = `there is no file ${quote(ca)} beside the policy`;
    return { finding: errorAt(at, message, 'name a PEM file of its folder, or write the certificate here') };
  }
  return certificatesIn(text, at, quote(ca));
}

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function certificatesIn(text: string, at: Place, what: string): Resolved {
  // The artifact is in every bundle: nothing of such a file may come into it.
  if (text.includes('PRIVATE KEY-----')) {
    const hint = 'keep only the certificates; replace this key, it has been where it does not belong';
    return { finding: errorAt(at, `${what} holds a private key`, hint) };
  }
  const certificates = (text.match(block) ?? []).map(parse);
  const whole = certificates.filter((certificate) => certificate !== undefined);
  if (whole.length === 0 || whole.length < certificates.length) {
    const message =
      whole.length === 0 ? `${what} holds no certificate` : `${what} holds a certificate that cannot be read`;
    return { finding: errorAt(at, message, 'give PEM: -----BEGIN CERTIFICATE-----') };
  }
  if (!whole.some((certificate) => certificate.checkIssued(certificate))) {
    return {
      finding: errorAt(at, `${what} holds no root: no chain would end in it`, 'add the certificate of the root'),
    };
  }
  return { pem: whole.map((certificate) => certificate.toString()).join('') };
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
