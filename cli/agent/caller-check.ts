// Who may use a local server: no web page (an Origin, another site, or a Host that DNS rebinding brought), and only who
// knows its token if it has one. Pure.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopbackHost, type ListenAddress } from './listen-address.ts';

export type CallerProblem = 'origin' | 'site' | 'host' | 'token';

export interface Door {
  readonly address: ListenAddress;
  /** Undefined for a server that asks for none. */
  readonly token: string | undefined;
}

/** Undefined for a caller who may come in, as far as where from goes. */
export function placeProblem({ headers, socket }: IncomingMessage, { address }: Door): CallerProblem | undefined {
  if (headers.origin !== undefined) return 'origin';
  // An image or a link of a page sends no Origin, but every browser of today says where the request comes from.
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'none' && site !== 'same-origin') return 'site';
  // A browser cannot reach a Unix socket, and Envoy hands on the Host of its own caller.
  if (address.kind === 'unix') return undefined;
  const host = hostOf(headers.host ?? '');
  if (host === undefined) return 'host';
  if (isLoopbackHost(host) || host === address.host) return undefined;
  return host === socket.localAddress?.replace(/^::ffff:/, '') ? undefined : 'host';
}

/** Undefined for a caller who knows the token, with or without `Bearer ` before it. */
export function tokenProblem(presented: string | undefined, { token }: Door): CallerProblem | undefined {
  if (token === undefined) return undefined;
  const given = (presented ?? '').replace(/^Bearer +/i, '');
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token)) ? undefined : 'token';
}

/** The name or address of a Host header, in lower case; undefined for what is none. */
function hostOf(header: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(header) ?? [];
  return (bracketed ?? plain)?.toLowerCase();
}
