// Which IP addresses an issuer's host may resolve to: the IANA special-purpose registries as predicates. Pure.
import { isIPv4, isIPv6 } from 'node:net';
import type { IssuerNetwork } from '../policy/compiled-policy.ts';

/** An address block; IPv4 is held in its IPv4-mapped IPv6 form, so that one comparison serves both. */
interface Block {
  readonly base: bigint;
  readonly shift: bigint;
}

const MAPPED = 0xffffn << 32n;

const ULA = 'fc00::/7';
const RFC_1918 = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/**
 * Everything that is not a public destination, deprecated transition blocks included.
 * @see [IPv4](https://www.iana.org/assignments/iana-ipv4-special-registry),
 * [IPv6](https://www.iana.org/assignments/iana-ipv6-special-registry)
 */
const SPECIAL_USE = [
  ...RFC_1918,
  ...LOOPBACK,
  ULA,
  '0.0.0.0/8', // "this network": Linux connects 0.0.0.0 to loopback
  '100.64.0.0/10', // carrier-grade NAT; VPCs use it for pods
  '169.254.0.0/16', // link-local: instance metadata, Lambda's and ECS's own endpoints
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4', // multicast
  '240.0.0.0/4',
  '::/96', // unspecified, and the deprecated IPv4-compatible form
  '::ffff:0:0:0/96', // IPv4-translated, deprecated
  '64:ff9b:1::/48', // local-use NAT64: what it embeds is anybody's guess
  '100::/64',
  '100:0:0:1::/64',
  '2001::/23', // Teredo and other protocol assignments
  '2001:db8::/32',
  '2002::/16', // 6to4, deprecated: refused whatever it embeds
  '2620:4f:8000::/48',
  '3fff::/20',
  '5f00::/16',
  'fe80::/10',
  'fec0::/10', // site-local, deprecated (RFC 3879)
  'ff00::/8',
].map(parseBlock);

const NAT64 = parseBlock('64:ff9b::/96');
const PRIVATE = [...RFC_1918, ULA].map(parseBlock);
const LOCAL = LOOPBACK.map(parseBlock);
/** Amazon's services on the ULA range: instance metadata (::254), pod identity (::23), DNS, time. */
const AMAZON_LOCAL = [parseBlock('fd00:ec2::/32')];

/** Whether the address is a public destination. What cannot be parsed strictly, or has a zone, is not. */
export function isPublicAddress(ip: string): boolean {
  const address = parseAddress(ip);
  if (address === undefined) return false;
  return !isIn(SPECIAL_USE, embeddedIn(address));
}

/** Whether the address is RFC 1918 or ULA; loopback, link-local and metadata addresses never are. */
export function isPrivateNetworkAddress(ip: string): boolean {
  const address = parseAddress(ip);
  return address !== undefined && isIn(PRIVATE, address) && !isIn(AMAZON_LOCAL, address);
}

/** Whether the address is 127.0.0.0/8 or ::1. */
export function isLoopbackAddress(ip: string): boolean {
  const address = parseAddress(ip);
  return address !== undefined && isIn(LOCAL, address);
}

/** Whether an issuer of this network may be reached at the address. */
export function isAllowedAddress(ip: string, network: IssuerNetwork): boolean {
  if (isPublicAddress(ip)) return true;
  if (network === 'private') return isPrivateNetworkAddress(ip);
  return network === 'loopback' && isLoopbackAddress(ip);
}

/** NAT64's well-known prefix leads to the IPv4 address in its last 32 bits: that one is judged. */
function embeddedIn(address: bigint): bigint {
  return isIn([NAT64], address) ? MAPPED | (address & 0xffffffffn) : address;
}

function isIn(blocks: readonly Block[], address: bigint): boolean {
  return blocks.some(({ base, shift }) => address >> shift === base >> shift);
}

function parseBlock(cidr: string): Block {
  const [ip = '', length] = cidr.split('/');
  // By its colon: the first look at an address by `isIPv6` costs 6 ms of a cold start.
  return ip.includes(':')
    ? { base: parseIPv6(ip), shift: BigInt(128 - Number(length)) }
    : { base: MAPPED | parseIPv4(ip), shift: BigInt(32 - Number(length)) };
}

function parseAddress(ip: string): bigint | undefined {
  if (isIPv4(ip)) return MAPPED | parseIPv4(ip);
  if (!isIPv6(ip) || ip.includes('%')) return undefined;
  return parseIPv6(ip);
}

function parseIPv4(ip: string): bigint {
  return ip.split('.').reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

/** `ip` is already known to be well-formed: at most one `::`, dotted quad only at the end. */
function parseIPv6(ip: string): bigint {
  const [head = '', tail] = ip.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0n);
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | group, 0n);
}

function groupsOf(part: string): readonly bigint[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const quad = parseIPv4(group);
    return [quad >> 16n, quad & 0xffffn];
  });
}
