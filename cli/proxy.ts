// Which proxy a URL goes through: HTTPS_PROXY and NO_PROXY as curl reads them. Pure.
import { BlockList, isIP } from 'node:net';
import type { Environment } from './environment.ts';
import { UsageError } from './usage.ts';

/**
 * The proxy of an https URL; undefined for none, and for http, which only ever goes to loopback. Lower-case names win.
 * @throws UsageError
 */
export function proxyOf(url: URL, environment: Environment): URL | undefined {
  const text = environment['https_proxy'] || environment['HTTPS_PROXY'];
  if (url.protocol !== 'https:' || !text) return undefined;
  if (isExempt(url, environment['no_proxy'] ?? environment['NO_PROXY'] ?? '')) return undefined;
  const full = text.includes('://') ? text : `http://${text}`;
  // The value may hold a password, so it is not quoted.
  if (!/^https?:/i.test(full) || !URL.canParse(full)) throw new UsageError('HTTPS_PROXY is no http or https URL');
  return new URL(full);
}

function isExempt(url: URL, list: string): boolean {
  const host = hostOf(url);
  const port = url.port || '443';
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => fits(entry.toLowerCase(), host, port));
}

function fits(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const [network, bits] = entry.split('/');
  if (bits !== undefined) return isWithin(host, network ?? '', Number(bits));
  const [, name = entry, wantedPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  return host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`));
}

function isWithin(host: string, network: string, bits: number): boolean {
  const family = isIP(network);
  if (
    family === 0 ||
    isIP(host) !== family ||
    !Number.isInteger(bits) ||
    bits < 0 ||
    bits > (family === 4 ? 32 : 128)
  ) {
    return false;
  }
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, bits, type);
  return list.check(host, type);
}

/** Without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
