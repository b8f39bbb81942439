import { describe, expect, test } from 'vitest';
import { findAddresses, parseDestination } from '../../../shared/issuers/destination.ts';
import { FetchJsonError } from '../../../shared/issuers/fetch-json-error.ts';
import type { IssuerNetwork } from '../../../shared/policy/compiled-policy.ts';

const verdict = async (act: () => unknown) => {
  try {
    await act();
  } catch (error) {
    return error instanceof FetchJsonError ? error.code : error;
  }
  return 'allowed';
};

describe('the form of a URL', () => {
  const form = (text: string, network: IssuerNetwork = 'public', anyPort = false) =>
    verdict(() => parseDestination(text, network, anyPort));

  test('is https on port 443 without userinfo', async () => {
    expect(await form('https://issuer.example/keys?x=1')).toBe('allowed');
    expect(await form('https://issuer.example:443/keys')).toBe('allowed');
    for (const text of ['', '/keys', 'issuer.example', 'ftp://issuer.example/', 'file:///etc/passwd', 'data:,{}']) {
      expect(await form(text), text).toBe('address');
    }
    expect(await form('https://user@issuer.example/')).toBe('address');
    expect(await form('https://:secret@issuer.example/')).toBe('address');
  });

  test('may have another port only where the policy says so', async () => {
    for (const port of [22, 80, 8443]) {
      expect(await form(`https://issuer.example:${port}/`)).toBe('address');
      expect(await form(`https://issuer.example:${port}/`, 'public', true)).toBe('allowed');
    }
  });

  test('is http only on a loopback network', async () => {
    expect(await form('http://localhost/', 'public')).toBe('address');
    expect(await form('http://localhost/', 'private')).toBe('address');
    expect(await form('http://localhost/', 'loopback')).toBe('allowed');
  });
});

describe('the addresses of a host', () => {
  const at = (network: IssuerNetwork, ...ips: string[]) =>
    verdict(() => findAddresses(new URL('https://issuer.example/'), network, async () => ips));

  test('are refused unless every one of them is allowed', async () => {
    expect(await at('public', '8.8.8.8', '2606:4700::1111')).toBe('allowed');
    expect(await at('public', '8.8.8.8', '10.0.0.1')).toBe('address');
    expect(await at('public', '10.0.0.1', '8.8.8.8')).toBe('address');
    expect(await at('public')).toBe('address');
    expect(await at('public', 'not-an-address')).toBe('address');
  });

  test.each([
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    'fd00:ec2::254',
    '::ffff:10.0.0.1',
    '64:ff9b::',
    '::1',
  ])('of a public issuer are not %s', async (ip) => {
    expect(await at('public', ip)).toBe('address');
    expect(await at('public', '93.184.216.34')).toBe('allowed');
  });

  test('of a private issuer may be RFC 1918 or ULA, nothing else beside public', async () => {
    for (const ip of ['10.0.0.1', '192.168.7.7', 'fd12::1', '8.8.8.8']) expect(await at('private', ip)).toBe('allowed');
    for (const ip of ['127.0.0.1', '169.254.169.254', 'fe80::1', 'fd00:ec2::254', '::ffff:127.0.0.1']) {
      expect(await at('private', ip)).toBe('address');
    }
  });

  test('of a loopback issuer may be loopback, and without TLS nothing else', async () => {
    const plain = (ip: string) =>
      verdict(() => findAddresses(new URL('http://issuer.example/'), 'loopback', async () => [ip]));
    expect(await at('loopback', '127.0.0.1')).toBe('allowed');
    expect(await at('loopback', '8.8.8.8')).toBe('allowed');
    expect(await at('loopback', '10.0.0.1')).toBe('address');
    expect(await plain('127.0.0.1')).toBe('allowed');
    expect(await plain('8.8.8.8')).toBe('address');
  });

  test('written as a literal are judged without asking DNS', async () => {
    const literal = (text: string) =>
      verdict(() =>
        findAddresses(new URL(text), 'public', async () => {
          throw new Error('asked DNS');
        }),
      );
    expect(await literal('https://8.8.8.8/')).toBe('allowed');
    expect(await literal('https://[2606:4700::1111]/')).toBe('allowed');
    for (const host of ['127.0.0.1', '0x7f.1', '2130706433', '017700000001', '①②⑦.0.0.1', '127.1', '0']) {
      expect(await literal(`https://${host}/`), host).toBe('address');
    }
    for (const host of ['[::1]', '[::]', '[::ffff:127.0.0.1]', '[fd00:ec2::254]', '169.254.169.254']) {
      expect(await literal(`https://${host}/`), host).toBe('address');
    }
  });

  test('are handed on exactly as they were checked', async () => {
    const found = await findAddresses(new URL('https://issuer.example/'), 'public', async () => [
      '8.8.8.8',
      '2606:4700::1111',
    ]);
    expect(found).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ]);
  });
});
