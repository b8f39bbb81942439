import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isAllowedAddress,
  isLoopbackAddress,
  isPrivateNetworkAddress,
  isPublicAddress,
} from '../../../shared/issuers/public-address.ts';

interface Case {
  readonly ip: string;
  readonly blocked: boolean;
}

const vectors = new URL('../../vectors/ssrf-ip-cases/special_use_ips.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(vectors, 'utf8')) as { cases: readonly Case[] };

test('there are 123 cases to hold', () => {
  expect(cases).toHaveLength(123);
  expect(new Set(cases.map((one) => one.blocked)).size).toBe(2);
});

/** The vectors let multicast and site-local addresses pass: neither is anybody's server on the internet. */
const stricter = ['239.255.255.255', 'fec0::1'];

test.each(cases)('$ip is blocked: $blocked', ({ ip, blocked }) => {
  expect(isPublicAddress(ip)).toBe(!blocked && !stricter.includes(ip));
});

test.each([
  ['223.255.255.255', true],
  ['224.0.0.1', false],
  ['239.255.255.255', false],
  ['::ffff:224.0.0.1', false],
  ['64:ff9b::e000:1', false],
  ['fec0::1', false],
  ['feff:ffff::1', false],
  ['2606:4700::1', true],
])('multicast and site-local addresses are not public: %s %s', (ip, expected) => {
  expect(isPublicAddress(ip)).toBe(expected);
});

describe('an IPv4 address in an IPv6 coat is judged as the IPv4 address', () => {
  test.each([
    ['::ffff:8.8.8.8', true],
    ['::ffff:808:808', true],
    ['0:0:0:0:0:FFFF:8.8.8.8', true],
    ['::ffff:a00:1', false],
    ['::ffff:169.254.169.254', false],
    ['::ffff:0:169.254.169.254', false], // IPv4-translated, deprecated
    ['::ffff:0:8.8.8.8', false],
    ['64:ff9b::8.8.8.8', true],
    ['64:ff9b::808:808', true],
    ['64:ff9b::10.0.0.1', false],
    ['64:ff9b::169.254.169.254', false],
    ['64:ff9b::7f00:1', false],
    ['2002:808:808::1', false], // 6to4 is refused whatever it embeds
    ['2002:a00:1::1', false],
    ['::8.8.8.8', false], // the deprecated IPv4-compatible form
    ['::127.0.0.1', false],
  ])('%s public: %s', (ip, expected) => {
    expect(isPublicAddress(ip)).toBe(expected);
  });
});

test.each([
  '',
  'localhost',
  '8.8.8',
  '08.8.8.8',
  '0x8.8.8.8',
  '134744072',
  '8.8.8.8 ',
  '[2606:4700::1]',
  '2606:4700::1%eth0',
  '2606::4700::1',
  '8.8.8.8:53',
])('what is not strictly an address is no kind of address: %j', (ip) => {
  expect([isPublicAddress(ip), isPrivateNetworkAddress(ip), isLoopbackAddress(ip)]).toEqual([false, false, false]);
});

test.each([
  ['10.1.2.3', true],
  ['172.16.0.1', true],
  ['172.31.255.255', true],
  ['192.168.0.1', true],
  ['fd12:3456::1', true],
  ['::ffff:10.1.2.3', true],
  ['11.1.2.3', false],
  ['172.32.0.1', false],
  ['100.64.0.1', false],
  ['127.0.0.1', false],
  ['::1', false],
  ['169.254.169.254', false],
  ['::ffff:169.254.169.254', false],
  ['fe80::1', false],
  ['fd00:ec2::254', false],
  ['fd00:ec2::23', false],
  ['fd00:ec3::254', true],
  ['64:ff9b::10.1.2.3', false], // RFC 6052 §3.1: the well-known prefix never carries private addresses
])('%s belongs to a private network: %s', (ip, expected) => {
  expect(isPrivateNetworkAddress(ip)).toBe(expected);
});

test('each network allows public addresses and, beside them, its own kind only', () => {
  const allowed = (ip: string) =>
    (['public', 'private', 'loopback'] as const).filter((network) => isAllowedAddress(ip, network));
  expect(allowed('8.8.8.8')).toEqual(['public', 'private', 'loopback']);
  expect(allowed('10.0.0.1')).toEqual(['private']);
  expect(allowed('fd12::1')).toEqual(['private']);
  expect(allowed('127.0.0.1')).toEqual(['loopback']);
  expect(allowed('::1')).toEqual(['loopback']);
  expect(allowed('::ffff:127.0.0.1')).toEqual(['loopback']);
  expect(allowed('169.254.169.254')).toEqual([]);
  expect(allowed('fd00:ec2::254')).toEqual([]);
  expect(allowed('0.0.0.0')).toEqual([]);
  expect(allowed('::')).toEqual([]);
});

test('every way to write an IPv4 address as IPv6 gives the same verdict', () => {
  fc.assert(
    fc.property(fc.ipV4(), (ip) => {
      const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number);
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      const forms = [`::ffff:${ip}`, `::ffff:${hex}`, `64:ff9b::${hex}`, `0:0:0:0:0:ffff:${hex}`];
      expect(forms.map(isPublicAddress)).toEqual(forms.map(() => isPublicAddress(ip)));
    }),
  );
});

test('any well-formed IPv6 address is judged without throwing, upper case as lower case', () => {
  fc.assert(
    fc.property(fc.ipV6(), (ip) => {
      expect(isPublicAddress(ip.toUpperCase())).toBe(isPublicAddress(ip.toLowerCase()));
    }),
  );
});
