// The credentials of a request, by method, before any is checked (RFC 6749 §2.3, RFC 7521 §4.2). Pure.

import { Refused } from '../denial.ts';
import { decodeBase64 } from '../jose/base64url.ts';
import type { ClientCertificate } from './client-certificate.ts';
import { decodeFormText, type Form, single } from './form.ts';

/** Headers that authenticate or bind the caller. */
export interface CallerHeaders {
  readonly authorization: string | undefined;
  readonly dpop: string | undefined;
}

/** A request as its endpoint read it. */
export interface TokenCall {
  readonly form: Form;
  readonly headers: CallerHeaders;
  /** Where it came to: what a proof of possession must be for. Default `POST /token`. */
  readonly endpoint?: { readonly method: string; readonly path: string };
  /** Of the TLS connection, by whoever ended it; never by a header. */
  readonly certificate?: ClientCertificate | undefined;
  /** That the request came to, by whoever ended the connection. */
  readonly domainName?: string | undefined;
}

export type ClientCredentials =
  | { readonly method: 'client_secret'; readonly clientId: string; readonly secret: string }
  | { readonly method: 'client_assertion'; readonly clientId: string | undefined; readonly assertion: string }
  | { readonly method: 'certificate'; readonly clientId: string; readonly certificate: ClientCertificate };

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Finds the one method a request authenticates with; undefined for an anonymous caller, who sends no `client_id`
 * either: there are no public clients.
 * @throws Refused `client_methods` for several methods, `client` for half of one, `parameter` for two client ids
 */
export function findCredentials({ form, headers, certificate }: TokenCall): ClientCredentials | undefined {
  const clientId = single(form, 'client_id');
  const secret = single(form, 'client_secret');
  const assertion = single(form, 'client_assertion');
  const type = single(form, 'client_assertion_type');
  const methods = [headers.authorization, secret, assertion ?? type].filter((method) => method !== undefined);
  if (methods.length > 1) throw new Refused({ kind: 'client_methods' });
  if (headers.authorization !== undefined) return basicCredentials(headers.authorization, clientId);
  if (secret !== undefined) return { method: 'client_secret', clientId: clientId ?? failed(), secret };
  if (assertion === undefined && type === undefined) {
    // RFC 8705 §2: who authenticates by a certificate alone sends its client_id.
    if (clientId === undefined) return undefined;
    return certificate ? { method: 'certificate', clientId, certificate } : failed();
  }
  if (assertion === undefined || type !== assertionType) return failed();
  return { method: 'client_assertion', clientId, assertion };
}

// RFC 6749 §2.3.1: user and password are form-urlencoded before they are put into Basic's base64.
function basicCredentials(authorization: string, clientId: string | undefined): ClientCredentials {
  const [scheme = '', encoded = '', ...rest] = authorization.split(' ');
  const pair =
    scheme.toLowerCase() === 'basic' && rest.length === 0 ? decodeBase64(encoded)?.toString('latin1') : undefined;
  const colon = pair?.indexOf(':') ?? -1;
  if (pair === undefined || colon < 0) return failed();
  const user = decodeFormText(pair.slice(0, colon)) ?? failed();
  const secret = decodeFormText(pair.slice(colon + 1)) ?? failed();
  if (clientId !== undefined && clientId !== user) {
    throw new Refused({ kind: 'parameter', parameter: 'client_id', problem: 'malformed' });
  }
  return { method: 'client_secret', clientId: user, secret };
}

function failed(): never {
  throw new Refused({ kind: 'client' });
}
