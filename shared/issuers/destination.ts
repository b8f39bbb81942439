// Where a server-side request may go: URL form, port, and addresses of the host (SSRF guard). DNS only.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { IssuerNetwork } from '../policy/compiled-policy.ts';
import { FetchJsonError } from './fetch-json-error.ts';
import { isAllowedAddress, isLoopbackAddress } from './public-address.ts';

/** All addresses of a host name. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

/** A checked address in the shape that `net.connect`'s `lookup` answers with. */
export interface Address {
  readonly address: string;
  readonly family: number;
}

/** The system's resolver, so that a VPC's private zones and `localhost` work. */
export const resolveHost: ResolveHost = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

/**
 * The URL, if its form may be fetched: https on port 443 without userinfo; http only on loopback networks; another port
 * only if `anyPort`.
 * @throws FetchJsonError `address`
 */
export function parseDestination(text: string, network: IssuerNetwork, anyPort: boolean): URL {
  const url = URL.parse(text);
  if (url === null) throw refused('not an absolute URL');
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && network === 'loopback');
  if (!secure) throw refused('the URL is not https');
  if (url.username !== '' || url.password !== '') throw refused('the URL has userinfo');
  if (url.port !== '' && !anyPort) throw refused('the URL names a port');
  return url;
}

/**
 * The addresses of the URL's host, once every one of them is allowed: a name that resolves to a public and a private
 * address is an attack, not a choice. Connect to these and to no others, or DNS may answer differently the next time.
 * @throws FetchJsonError `address`; whatever `resolve` throws
 */
export async function findAddresses(
  url: URL,
  network: IssuerNetwork,
  resolve: ResolveHost,
): Promise<readonly Address[]> {
  const host = hostOf(url);
  const ips = isIP(host) === 0 ? await resolve(host) : [host];
  // Without TLS nothing but loopback is meant, whatever else the network allows.
  const allowed = (ip: string) => (url.protocol === 'http:' ? isLoopbackAddress(ip) : isAllowedAddress(ip, network));
  if (ips.length === 0 || !ips.every(allowed)) throw refused(`${host} is at an address its network does not allow`);
  return ips.map((address) => ({ address, family: isIP(address) }));
}

/** The host without the brackets of an IPv6 literal. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function refused(message: string): FetchJsonError {
  return new FetchJsonError('address', message);
}
