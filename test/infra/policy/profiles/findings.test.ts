// What the compiler says of rules that could never fit the vendors' tokens, and tokens that no issuer can be trusted for.
import { describe, expect, test } from 'vitest';
import { compilePolicyFiles } from '../../../../infra/policy/compile-policy.ts';
import { profileNames } from '../../../../infra/policy/profiles/registry.ts';
import { TokenRefused } from '../../../../shared/oauth/jose/jwt.ts';
import { readRegisteredClaims } from '../../../../shared/oauth/jose/registered-claims.ts';
import type { JsonObject } from '../../../../shared/policy/json.ts';
import { audience, compileMatch, issuerUrls, type Match, now, tokenOf } from './profile-world.ts';

/** Errors and warnings in words, without those about names for which there are ids. */
function findingsOf(name: string, match: Match, url?: string): readonly string[] {
  return compileMatch(name, match, url ?? issuerUrls[name]).diagnostics.map(({ message }) => message);
}

const sts = 'https://sts.amazonaws.com/';

describe('a rule that no token could fit is refused', () => {
  test.each<[string, Match, RegExp, Match]>([
    ['github-actions', { ref_protected: true }, /is of type string, this is a bool/, { ref_protected: 'true' }],
    ['gitlab', { ref_protected: true }, /is of type string, this is a bool/, { ref_protected: 'true' }],
    ['gitlab', { project_id: 20 }, /is of type string, this is a number/, { project_id: '20' }],
    ['gitlab', { runner_id: '12270831' }, /is of type int, this is a string/, { runner_id: 12270831 }],
    [
      'circleci',
      { 'oidc.circleci.com/ssh-rerun': 'false' },
      /is of type bool/,
      { 'oidc.circleci.com/ssh-rerun': false },
    ],
    ['circleci', { 'project-id': 'a' }, /unknown claim "project-id"/, { 'oidc.circleci.com/project-id': 'a' }],
    ['buildkite', { build_number: '1' }, /is of type int/, { build_number: 1 }],
    ['azure-devops', { def_id: 1 }, /is of type string/, { def_id: '1' }],
    ['spacelift', { space_id: 'a' }, /unknown claim "space_id"/, { spaceId: 'a' }],
    ['aws', { [sts]: 'a' }, /is an object/, { [`${sts}.aws_account`]: 'a' }],
    ['aws', { aws_account: 'a' }, /unknown claim "aws_account"/, { [`${sts}.aws_account`]: 'a' }],
    ['aws', { [`${sts}.aws_acount`]: 'a' }, /no claim these tokens are known to have/, { [`${sts}.aws_account`]: 'a' }],
    ['google', { sub: 'a', email_verified: 'true' }, /is of type bool/, { sub: 'a', email_verified: true }],
    ['spiffe', { namespace: 'shop' }, /unknown claim "namespace"/, { sub: 'spiffe://acme.example/ns/shop/sa/orders' }],
    [
      'kubernetes',
      { 'kubernetes.io/serviceaccount/namespace': 'shop' },
      /unknown claim/,
      { 'kubernetes.io.namespace': 'shop' },
    ],
  ])('%s %j', (name, bad, finding, good) => {
    expect(findingsOf(name, bad)).toContainEqual(expect.stringMatching(finding));
    expect(findingsOf(name, good)).not.toContainEqual(expect.stringMatching(finding));
  });
});

describe('an issuer', () => {
  test.each(profileNames)('of %s has an audience, or there is no policy', (name) => {
    const compile = (issuer: object) =>
      compilePolicyFiles([{ path: 'policy.yaml', text: JSON.stringify({ version: 1, issuers: { ci: issuer } }) }]);
    const issuer = { url: issuerUrls[name], claims: name };
    expect(compile(issuer).artifact).toBeUndefined();
    expect(compile({ ...issuer, audience }).artifact?.issuers['ci']).toMatchObject({
      audiences: [audience],
      profile: name,
    });
  });

  test('on AKS ends with a slash, all others do not', () => {
    const aks = 'https://westeurope.oic.prod-aks.azure.com/0ca3ddd9-f0b0-4635/271ef6f7-5998-4b0f/';
    const slash = expect.stringMatching(/end(s)? with a slash/);
    const rule = { 'kubernetes.io.serviceaccount.uid': 'a' };
    expect(findingsOf('kubernetes', rule, aks)).not.toContainEqual(slash);
    expect(findingsOf('kubernetes', rule, aks.slice(0, -1))).toContainEqual(slash);
    expect(findingsOf('kubernetes', rule, `${issuerUrls['kubernetes']}/`)).toContainEqual(slash);
    expect(findingsOf('gitlab', { project_id: '20' }, 'https://gitlab.acme.example/')).toContainEqual(slash);
    expect(findingsOf('gitlab', { project_id: '20' }, 'https://gitlab.acme.example')).not.toContainEqual(slash);
  });

  test('of legacy service account tokens cannot be named', () => {
    expect(findingsOf('kubernetes', {}, 'kubernetes/serviceaccount')).toContainEqual(
      expect.stringMatching(/not an absolute URL/),
    );
  });
});

describe('a token', () => {
  test.each([
    ['a legacy service account token, which has no exp', 'kubernetes', 'exp'],
    ['a JWT-SVID as SPIRE makes it without discovery, which has no iss', 'spiffe', 'iss'],
  ])('is refused: %s', (_, name, missing) => {
    expect(readRegisteredClaims(tokenOf(name) as JsonObject).exp).toBeGreaterThan(now);
    expect(() => readRegisteredClaims(tokenOf(name, { [missing]: undefined }) as JsonObject)).toThrow(TokenRefused);
  });
});
