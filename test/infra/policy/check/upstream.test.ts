import { describe, expect, test } from 'vitest';
import { changed, compileText, expectMistake, findingsOf, type Mistake } from '../policy-world.ts';

const eks = '    claims: kubernetes\n';
const asked = (url: string) => `${eks}    introspection: { url: ${url}, client: cambio }\n`;
const told = (audience: string) => `${eks}    events: { audience: ${audience} }\n`;
const hash = 'a'.repeat(64);
const twin = (audience: string) =>
  `issuers:\n  twin: { url: https://oidc.eks.eu-west-1.amazonaws.com/id/ABC, audience: twin, events: { audience: ${audience} } }\n`;

const mistakes: Readonly<Record<string, Mistake>> = {
  'an introspection url without TLS': {
    from: eks,
    bad: asked('http://idp.example/introspect'),
    finding:
      '11:27: the introspection url "http://idp.example/introspect" must begin with https:// | write it as the vendor does: https, lower-case host, no port, user, query or fragment',
    good: asked('https://idp.example/introspect'),
  },
  'an introspection url on loopback': {
    from: eks,
    bad: asked('http://127.0.0.1:9000/introspect'),
    finding:
      '11:27: the introspection url "http://127.0.0.1:9000/introspect" is on loopback, which only the local stack allows | write it as the vendor does: https, lower-case host, no port, user, query or fragment',
    good: asked('https://localhost.example/introspect'),
  },
  'a glob as audience of events': {
    from: eks,
    bad: told('"https://*"'),
    finding: '11:25: an audience is compared exactly: * is no glob here | write the `aud` of the event tokens',
    good: told('https://cambio.example/events'),
  },
  'no audience of events': {
    from: eks,
    bad: told('""'),
    finding: '11:25: this cannot be empty | docs/policy.md shows every key with its values',
    good: told('https://cambio.example/events'),
  },
};

const everything = changed(
  eks,
  `${eks}    singleUse: true\n    introspection: { url: https://idp.example/introspect, client: 0oa1 B2, cache: 10s }\n    events: { audience: https://cambio.example/events, authorization: { sha256: ${hash} } }\n`,
);

describe('what an issuer is asked and what it tells', () => {
  test.each(Object.entries(mistakes))('refuses %s', (_, mistake) => expectMistake(mistake));

  test('compiles', () => {
    expect(findingsOf(everything)).toEqual([]);
    expect(compileText(everything).artifact?.issuers['eks']).toMatchObject({
      singleUse: true,
      introspection: { url: 'https://idp.example/introspect', client: '0oa1 B2', cache: 10, network: 'public' },
      events: { audience: 'https://cambio.example/events', authorization: hash },
    });
  });

  test('is asked every time and authenticated by nothing but its signature unless the policy says more', () => {
    const text = changed(eks, `${asked('https://idp.example/introspect')}    events: { audience: a }\n`);
    expect(compileText(text).artifact?.issuers['eks']).toMatchObject({ introspection: { cache: 0 } });
    expect(compileText(text).artifact?.issuers['eks']?.events).toEqual({ audience: 'a' });
  });

  test('leaves nothing behind where the policy says false or nothing', () => {
    const text = changed(eks, `${eks}    singleUse: false\n`);
    expect(compileText(text).artifact?.issuers['eks']).toEqual(compileText(changed(eks, eks)).artifact?.issuers['eks']);
  });

  test('is on the network of its own url', () => {
    const networkOf = (url: string, more: string) =>
      compileText(changed(eks, `${asked(url)}${more}`), { local: true }).artifact?.issuers['eks']?.introspection
        ?.network;
    expect(networkOf('http://127.0.0.1:9000/introspect', '')).toBe('loopback');
    expect(networkOf('https://idp.example/introspect', '')).toBe('public');
    expect(networkOf('https://idp.example/introspect', '    network: private\n')).toBe('private');
  });

  test('is not asked about tokens of a stand-in, unless on loopback', () => {
    const standIns = () => ({ keys: [{ kid: 'stand-in' }] });
    const askedIn = (url: string, more = '') =>
      compileText(changed(eks, `${asked(url)}${more}`), { local: true, standIns }).artifact?.issuers['eks']
        ?.introspection?.url;
    expect(askedIn('https://idp.example/introspect')).toBeUndefined();
    expect(askedIn('http://localhost:9000/introspect')).toBe('http://localhost:9000/introspect');
    const own = '    jwks: { keys: [{ kty: EC, crv: P-256, x: a, y: b }] }\n';
    expect(askedIn('https://idp.example/introspect', own)).toBe('https://idp.example/introspect');
  });

  test('of two entries with one url and one audience of events could be either', () => {
    const text = changed(eks, told('https://cambio.example/events'));
    const both = (audience: string) => text.replace('issuers:\n', () => twin(audience));
    expect(findingsOf(both('https://cambio.example/events'))).toEqual([
      '12:25: event tokens of "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC" for "https://cambio.example/events" already come to policy.yaml:3:101 | keep one: an event reaches the subjects of every issuer with its url',
    ]);
    expect(findingsOf(both('https://cambio.example/other'))).toEqual([]);
  });
});
