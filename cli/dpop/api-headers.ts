// The headers by which a token that is bound to a key is sent with one request to an API (RFC 9449 §7.1). Pure but for the prover.
import { boundKeyOf, payloadOf } from '../token/token-facts.ts';
import { UsageError } from '../usage.ts';
import type { Prover } from './prover.ts';

export interface ApiRequest {
  readonly method: string;
  /** The whole URL, as the API knows itself. */
  readonly url: string;
  readonly token: string;
  /** What the API wants in the proof. */
  readonly nonce?: string | undefined;
}

export interface ApiHeaders {
  readonly authorization: string;
  readonly dpop: string;
}

/** @throws UsageError for what is no request, and for a token that is not bound to the key */
export function apiHeaders({ method, url: text, token, nonce }: ApiRequest, prover: Prover): ApiHeaders {
  if (!isMethod(method)) throw new UsageError('the method is none: GET, POST and the like, in capitals');
  const url = absoluteUrl(text);
  if (!url) throw new UsageError('the URL is none: a proof is for the whole of it, with http or https');
  // What is no JWT does not say whose it is.
  if (payloadOf(token) && boundKeyOf(token) !== prover.thumbprint) {
    throw new UsageError('the token is not bound to this key');
  }
  return { authorization: `DPoP ${token}`, dpop: prover.proofFor({ method, url, token, nonce }) };
}

export function isMethod(text: string): boolean {
  return /^[A-Z]{1,32}$/.test(text);
}

/** Undefined for a path alone, too (RFC 9449 §4.2). */
export function absoluteUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && /^https?:$/.test(url.protocol) && url.username + url.password === '' ? url : undefined;
}
