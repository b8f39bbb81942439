import { describe, expect, test } from 'vitest';
import { changed, compileText, findingsOf, validPolicy } from '../policy-world.ts';

const sha256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const secret = `client_secret_basic: { sha256: ${sha256} }`;
const withClient = (auth: string, more = '') => `${validPolicy}clients:\n  app:\n    auth: { ${auth} }\n${more}`;
const keyed = (keys: string) => withClient(`private_key_jwt: { ${keys} }`);
const jwk = 'kty: EC, crv: P-256, x: a, y: b';

interface Pair {
  readonly bad: string;
  readonly finding: string;
  readonly good: string;
}

const mistakes: Readonly<Record<string, Pair>> = {
  'no way to authenticate': {
    bad: withClient(''),
    finding:
      '41:11: client "app" has no way to authenticate | give one of private_key_jwt, federated, client_secret_basic',
    good: withClient(secret),
  },
  'two ways to authenticate': {
    bad: withClient(`${secret}, federated: { issuer: eks, match: { sub: a } }`),
    finding: '41:5: client "app" has two ways to authenticate | keep one, or make two clients',
    good: withClient('federated: { issuer: eks, match: { sub: a } }'),
  },
  'a secret for either of its two ways': {
    bad: withClient(`${secret}, client_secret_post: { sha256: ${sha256} }`),
    finding:
      '41:5: client "app" has two ways to authenticate | a secret is accepted either way: keep one of the two keys',
    good: withClient(`client_secret_post: { sha256: ${sha256} }`),
  },
  'something else than a SHA-256': {
    bad: withClient(`client_secret_basic: { sha256: ${sha256.slice(1)} }`),
    finding: '41:44: a SHA-256 is 64 lower-case hexadecimal digits | docs/policy.md shows every key with its values',
    good: withClient(secret),
  },
  'the SHA-256 of nothing': {
    bad: withClient('client_secret_post: { sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 }'),
    finding: '41:43: this is the SHA-256 of no secret at all | hash the secret: printf %s "$SECRET" | sha256sum',
    good: withClient(`client_secret_post: { sha256: ${sha256} }`),
  },
  'no keys': {
    bad: keyed(''),
    finding: '41:30: this names no keys | give a "jwksUri", or "jwks: { keys: [...] }"',
    good: keyed(`jwks: { keys: [{ ${jwk} }] }`),
  },
  'two sources of keys': {
    bad: keyed(`jwks: { keys: [{ ${jwk} }] }, jwksUri: https://app.example/jwks`),
    finding: '41:87: keys come from "jwks" or from "jwksUri" | keep one',
    good: keyed('jwksUri: https://app.example/jwks'),
  },
  'a private key': {
    bad: keyed(`jwks: { keys: [{ ${jwk}, d: c }] }`),
    finding: '41:82: "d" is private | keep only the public members; replace this key',
    good: keyed(`jwks: { keys: [{ ${jwk}, kid: c }] }`),
  },
  'keys without TLS': {
    bad: keyed('jwksUri: http://app.example/jwks'),
    finding:
      '41:41: the jwksUri "http://app.example/jwks" must begin with https:// | write it as the vendor does: https, lower-case host, no port, user, query or fragment',
    good: keyed('jwksUri: https://app.example/jwks'),
  },
  'a federation without match': {
    bad: withClient('federated: { issuer: eks }'),
    finding: '41:24: every token of "eks" would be client "app" | say with "match" which tokens are',
    good: withClient('federated: { issuer: eks, match: { sub: "system:serviceaccount:shop:app" } }'),
  },
  'an unknown claim of the federating issuer': {
    bad: withClient('federated: { issuer: eks, match: { subb: a } }'),
    finding: '41:48: unknown claim "subb" | did you mean sub?',
    good: withClient('federated: { issuer: eks, match: { sub: a } }'),
  },
  'an audience to introspect that does not exist': {
    bad: withClient(secret, '    introspects: [orders]\n'),
    finding: '42:19: there is no audience "orders" | did you mean orders-api?',
    good: withClient(secret, '    introspects: [orders-api]\n'),
  },
};

describe('clients', () => {
  test.each(Object.entries(mistakes))('refuses %s', (_, { bad, finding, good }) => {
    expect(findingsOf(bad)).toEqual([finding]);
    expect(findingsOf(good)).toEqual([]);
  });

  test('may have their keys on loopback in the local stack alone', () => {
    const text = keyed('jwksUri: http://127.0.0.1:9000/jwks');
    expect(findingsOf(text)).toEqual([expect.stringContaining('is on loopback')]);
    expect(compileText(text, { local: true }).artifact?.clients['app']?.auth).toMatchObject({
      keys: { from: 'jwksUri', jwksUri: 'http://127.0.0.1:9000/jwks' },
      network: 'loopback',
    });
  });

  test('have stand-in keys in the local stack where theirs are elsewhere', () => {
    const clientStandIns = (name: string) => ({ keys: [{ kid: `${name}-stand-in` }] });
    const keysOf = (text: string, local: boolean) => {
      const auth = compileText(text, { local, clientStandIns }).artifact?.clients['app']?.auth;
      return auth?.method === 'private_key_jwt' ? auth.keys : undefined;
    };
    const remote = keyed('jwksUri: https://app.example/jwks');
    expect(keysOf(remote, true)).toEqual({ from: 'inline', jwks: { keys: [{ kid: 'app-stand-in' }] } });
    expect(keysOf(remote, false)).toEqual({ from: 'jwksUri', jwksUri: 'https://app.example/jwks' });
    expect(keysOf(keyed('jwksUri: http://localhost:9000/jwks'), true)?.from).toBe('jwksUri');
    expect(keysOf(keyed(`jwks: { keys: [{ ${jwk} }] }`), true)).toMatchObject({ jwks: { keys: [{ kty: 'EC' }] } });
  });
});

describe('subjects', () => {
  const eks = '    claims: kubernetes\n';
  const subject = (template: string) => changed(eks, `${eks}    subject: ${JSON.stringify(template)}\n`);
  const namespaced = 'ns:${claims.kubernetes.io.namespace}';

  test.each([
    [
      'pod|${claims.sub}',
      '11:14: a subject cannot hold | | it stands between the issuer name and sub of other subjects',
    ],
    ['${claims.sub}', '11:14: a subject begins with text of its own | write "mail:${claims.sub}"'],
    ['pods', '11:14: this subject is the same for every token | put a claim in it: ${claims.sub}'],
    [
      'ns:${claims.iss}${claims.sub}',
      '11:14: two claims stand side by side: other values could make the same subject | part them by a :',
    ],
    ['ns:${claims.subb}', '11:14: unknown claim "subb" | did you mean sub?'],
    ['ns:${claims.aud}', '11:14: the claim "aud" is of type list and cannot stand among text | map it alone'],
    ['ns:${actor.sub}', '11:14: "ns:${actor.sub}": only claims can stand in ${…} | write ${claims.NAME}'],
    [
      'git${claims.sub}',
      '11:14: subjects that begin with "git" could be those of "github", "github|"… | begin with a text that no other issuer begins with',
    ],
  ])('refuses %s', (template, finding) => {
    expect(findingsOf(subject(template))).toEqual([finding]);
    expect(findingsOf(subject(namespaced))).toEqual([]);
  });

  test('may not begin alike', () => {
    const both = (other: string) =>
      findingsOf(subject(namespaced).replace('claims: github-actions\n', `$&    subject: "${other}"\n`));
    expect(both('ns:x${claims.sub}')).toEqual([
      expect.stringContaining('"ns:x" could be those of "eks", "ns:"'),
      expect.stringContaining('"ns:" could be those of "github", "ns:x"'),
    ]);
    expect(both('repo:${claims.sub}')).toEqual([]);
  });

  test('are lowered to their parts', () => {
    expect(compileText(subject(namespaced)).artifact?.issuers['eks']?.subject).toEqual([
      'ns:',
      { claim: 'kubernetes.io.namespace', type: 'string' },
    ]);
    expect(compileText(validPolicy).artifact?.issuers['eks']).not.toHaveProperty('subject');
  });

  test('hide only claims that exist', () => {
    const hidden = (names: string) => changed(eks, `${eks}    private: ${names}\n`);
    expect(findingsOf(hidden('[sub, subb]'))).toEqual(['11:20: unknown claim "subb" | did you mean sub?']);
    expect(findingsOf(hidden('[sub, sub]'))).toEqual(['11:20: "sub" is listed twice | remove one']);
    expect(compileText(hidden('[sub]')).artifact?.issuers['eks']?.private).toEqual(['sub']);
  });
});
