import { describe, expect, test } from 'vitest';
import { changed, compileText, expectMistake, findingsOf, type Mistake, validPolicy } from '../policy-world.ts';

const eks = '    claims: kubernetes\n';
const jwks = (members: string) => `${eks}    jwks: { keys: [{ ${members} }] }\n`;
const twin = (url: string, audience: string) => `issuers:\n  twin: { url: ${url}, audience: ${audience} }\n`;

const mistakes: Readonly<Record<string, Mistake>> = {
  'an unknown profile': {
    from: eks,
    bad: '    claims: kubernets\n',
    finding: '10:13: there is no profile "kubernets" | did you mean kubernetes?',
    good: '    claims: "kubernetes"\n',
  },
  'another type for a registered claim': {
    from: 'team: string',
    bad: 'team: string, iat: string',
    finding: '14:79: the registered claim iat is of type int | leave it out',
    good: 'team: string, iat: int',
  },
  'another type for a claim that the server reads': {
    from: 'team: string',
    bad: 'team: string, azp: list',
    finding: '14:79: the registered claim azp is of type string | write string',
    good: 'team: string, azp: string, scope: list, client_id: object',
  },
  'a glob as audience': {
    from: '[checkout, portal]',
    bad: '[checkout, "p*"]',
    finding: '13:26: an audience is compared exactly: * is no glob here | list every audience',
    good: '[checkout, p]',
  },
  'an audience listed twice': {
    from: '[checkout, portal]',
    bad: '[checkout, checkout]',
    finding: '13:26: "checkout" is listed twice | remove one',
    good: '[checkout, Checkout]',
  },
  'an algorithm listed twice': {
    from: eks,
    bad: `${eks}    algorithms: [RS256, RS256]\n`,
    finding: '11:25: "RS256" is listed twice | remove one',
    good: `${eks}    algorithms: [RS256, ES256]\n`,
  },
  'too much clock skew': {
    from: eks,
    bad: `${eks}    clockSkew: 601s\n`,
    finding: '11:16: a clockSkew is at most 10m | mend the clock',
    good: `${eks}    clockSkew: 10m\n`,
  },
  'a jwksUri without TLS': {
    from: eks,
    bad: `${eks}    jwksUri: http://keys.example/jwks\n`,
    finding:
      '11:14: the jwksUri "http://keys.example/jwks" must begin with https:// | write it as the vendor does: https, lower-case host, no port, user, query or fragment',
    good: `${eks}    jwksUri: https://keys.example/jwks\n`,
  },
  'two sources of keys': {
    from: eks,
    bad: `${jwks('kty: EC, crv: P-256, x: a, y: b')}    jwksUri: https://keys.example/jwks\n`,
    finding: '12:5: keys come from "jwks" or from "jwksUri" | keep one',
    good: jwks('kty: EC, crv: P-256, x: a, y: b'),
  },
  'a private key': {
    from: eks,
    bad: jwks('kty: OKP, crv: Ed25519, x: a, d: c'),
    finding: '11:52: "d" is private | keep only the public members; replace this key',
    good: jwks('kty: OKP, crv: Ed25519, x: a, use: sig'),
  },
  'a symmetric key': {
    from: eks,
    bad: jwks('kty: oct, k: c2VjcmV0'),
    finding: '11:27: a symmetric key cannot verify tokens | whoever verifies with it could issue',
    good: jwks('kty: RSA, n: a, e: AQAB'),
  },
  'half a key': {
    from: eks,
    bad: jwks('kty: EC, crv: P-256, x: a'),
    finding: '11:20: a key of kty EC needs "y", a string | give the whole public JWK',
    good: jwks('kty: EC, crv: P-256, x: a, y: b'),
  },
  'a key of no type': {
    from: eks,
    bad: jwks('kid: a'),
    finding: '11:20: the kty of a key is RSA, EC or OKP | give a public key as a JWK',
    good: jwks('kid: a, kty: RSA, n: a, e: AQAB'),
  },
  'the same url and audience twice': {
    from: 'issuers:\n',
    bad: twin('https://acme.okta.example', '[other, portal]'),
    finding:
      '14:26: url "https://acme.okta.example" with audience "portal" is already an issuer at policy.yaml:3:61 | give one of the two another audience',
    good: twin('https://acme.okta.example', '[other, another]'),
  },
  "a slash that the vendor's iss does not have": {
    from: 'https://token.actions.githubusercontent.com',
    bad: 'https://token.actions.githubusercontent.com/',
    finding:
      '4:10: warning: the iss of such tokens does not end with a slash | did you mean https://token.actions.githubusercontent.com?',
    good: 'https://token.actions.acme.ghe.com',
  },
  "no slash where the vendor's iss has one": {
    from: 'https://oidc.eks.eu-west-1.amazonaws.com/id/ABC',
    bad: 'https://westeurope.oic.prod-aks.azure.com/tenant/guid',
    finding:
      '8:10: warning: the iss of such tokens ends with a slash | did you mean https://westeurope.oic.prod-aks.azure.com/tenant/guid/?',
    good: 'https://westeurope.oic.prod-aks.azure.com/tenant/guid/',
  },
  'two urls that differ only in a final slash': {
    from: 'issuers:\n',
    bad: twin('https://acme.okta.example/', 'portal'),
    finding: '13:10: warning: this url and that of "twin" differ only in a final slash',
    good: twin('https://acme.okta.example/x/', 'portal'),
  },
};

describe('issuers', () => {
  test.each(Object.entries(mistakes))('refuses or warns of %s', (_, mistake) => expectMistake(mistake));

  test('compiles everything an issuer can say', () => {
    const more =
      '    algorithms: [EdDSA, ES384]\n    tokenTypes: [access_token]\n    maxAge: 10m\n    maxLifetime: 2h\n    clockSkew: 30s\n    network: private\n    jwksUri: https://keys.example/jwks\n';
    expect(compileText(changed(eks, `${eks}${more}`)).artifact?.issuers['eks']).toMatchObject({
      algorithms: ['Ed25519', 'ES384'],
      tokenTypes: ['urn:ietf:params:oauth:token-type:access_token'],
      maxAge: 600,
      maxLifetime: 7200,
      clockSkew: 30,
      network: 'private',
      keys: { from: 'jwksUri', jwksUri: 'https://keys.example/jwks' },
    });
  });
});

describe('claims beside those of a profile', () => {
  const github = '    claims: github-actions\n';
  const more = (types: string, name = 'github-actions') => `    claims: { profile: ${name}, more: { ${types} } }\n`;
  const policyWith = (claims: string, rule = '') => changed(github, claims) + rule;
  const rule = (match: string, outcome: string) => `  - { id: new, from: github, match: { ${match} }, ${outcome} }\n`;
  const grant = 'grant: { audience: payments-api, scopes: [payments:charge] }';

  test('are known by name and type, and the profile stays what it is', () => {
    const { artifact, diagnostics } = compileText(policyWith(more('new_claim: string, runner_group: list')));
    expect(diagnostics).toEqual([]);
    const plain = compileText(validPolicy).artifact?.issuers['github'] ?? expect.fail('no artifact');
    const claims = { ...plain.claims, new_claim: 'string', runner_group: 'list' };
    expect(artifact?.issuers['github']).toEqual({ ...plain, claims });
    const matching = rule('new_claim: "7", runner_group: blue, repository_id: "1", ref: refs/heads/main', grant);
    expect(findingsOf(policyWith(more('new_claim: string, runner_group: list'), matching))).toEqual([]);
    expect(findingsOf(policyWith(github, matching)).join()).toContain('unknown claim "new_claim"');
  });

  test('do not weaken what is checked of rules of the profile', () => {
    const open = rule('ref: refs/heads/main', grant);
    expect(findingsOf(policyWith(more('x: string'), open))).toEqual(findingsOf(policyWith(github, open)));
    expect(findingsOf(policyWith(more('x: string'), open)).join()).toContain('any other organisation');
    // Which tokens have it nobody knows.
    expect(findingsOf(policyWith(more('x: string'), rule('x: "1"', 'deny: true'))).join()).toContain(
      'denies by "x", which not every token has',
    );
  });

  test.each([
    [more('ref: list'), '6:53: the claim ref of github-actions is of type string | leave it out'],
    [more('iat: string'), '6:53: the registered claim iat is of type int | leave it out'],
    [more('x: string', 'github-action'), '6:24: there is no profile "github-action" | did you mean github-actions?'],
    [more('x: strin'), '6:51: this must be one of string, int, bool, list, object | did you mean string?'],
    ['    claims: { profile: github-actions }\n', '6:5: "more" is missing here | add "more:"'],
    [
      '    claims: { profile: github-actions, more: { x: string }, most: 1 }\n',
      '6:61: unknown key "most" | did you mean more?',
    ],
  ])('%s: %s', (claims, finding) => {
    expect(findingsOf(policyWith(claims))).toEqual([finding]);
    expect(findingsOf(policyWith(more('x: string')))).toEqual([]);
  });

  test('are no part of a map that has claims of these names', () => {
    const { artifact } = compileText(changed('team: string,', 'team: string, profile: string, more: string,'));
    expect(artifact?.issuers['okta']?.claims).toMatchObject({ profile: 'string', more: 'string', team: 'string' });
    expect(artifact?.issuers['okta']).not.toHaveProperty('profile');
    const alone = compileText(
      changed(
        '{ runner_id: int, trusted: bool, groups: list, team: string, extra: object }',
        '{ profile: string, runner_id: int, trusted: bool, groups: list, team: string }',
      ),
    );
    expect(alone.artifact?.issuers['okta']?.claims).toMatchObject({ profile: 'string' });
  });
});
