import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../../infra/policy/compile-policy.ts';
import { classicSample } from '../../../infra/policy/profiles/github-actions.ts';
import { profileNames, profiles } from '../../../infra/policy/profiles/registry.ts';
import { evaluatePolicy, indexRules } from '../../../shared/policy/evaluate.ts';

const { artifact, diagnostics } = compilePolicy(join(import.meta.dirname, '../../../infra/policy'));
const now = 1_800_000_000;

function sampleFor(issuerName: string): Record<string, unknown> {
  const issuer = artifact?.issuers[issuerName];
  const sample = profiles.get(issuer?.profile ?? '')?.sample;
  return sample?.({ issuer: String(issuer?.url), audience: issuer?.audiences[0] ?? '', now }) ?? {};
}

function outcomeOf(issuer: string, claims: Record<string, unknown>, audience = 'orders-api'): string {
  return evaluatePolicy(indexRules(artifact?.rules ?? []), { issuer, claims, audience, hasActor: false }).outcome;
}

describe('the demonstration policy', () => {
  test('compiles without a finding', () => {
    expect(diagnostics).toEqual([]);
    expect(artifact?.local).toBe(false);
  });

  test('names only hosts that cannot exist and those of vendors', () => {
    const hosts = Object.values(artifact?.issuers ?? {}).map(({ url }) => new URL(String(url)).hostname);
    expect(hosts).toEqual(['token.actions.githubusercontent.com', 'oidc.eks.eu-west-1.amazonaws.com']);
    const resources = Object.values(artifact?.audiences ?? {}).flatMap(({ resource }) => resource ?? []);
    expect(resources.every((resource) => new URL(resource).hostname.endsWith('.example'))).toBe(true);
  });

  test('grants orders-api to the sample token of GitHub, in both forms of sub, and not to pull requests', () => {
    const sample = sampleFor('github');
    expect(outcomeOf('github', sample)).toBe('granted');
    expect(outcomeOf('github', { ...sample, sub: classicSample({ issuer: '', audience: '', now })['sub'] })).toBe(
      'granted',
    );
    expect(outcomeOf('github', { ...sample, event_name: 'pull_request' })).toBe('denied');
    expect(outcomeOf('github', { ...sample, event_name: 'pull_request_target' })).toBe('denied');
  });

  test('binds ids, not names, of GitHub', () => {
    const sample = sampleFor('github');
    expect(outcomeOf('github', { ...sample, repository: 'other/name', repository_owner: 'other' })).toBe('granted');
    expect(outcomeOf('github', { ...sample, repository_id: '456780' })).toBe('no_rule');
    expect(outcomeOf('github', { ...sample, repository_owner_id: '2' })).toBe('no_rule');
    expect(outcomeOf('github', { ...sample, ref: 'refs/heads/dev' })).toBe('no_rule');
  });

  test('grants orders-api to pods of the shop, and to no others', () => {
    const sample = sampleFor('eks');
    expect(outcomeOf('eks', sample)).toBe('granted');
    expect(outcomeOf('eks', { ...sample, sub: 'system:serviceaccount:office:orders' })).toBe('no_rule');
    expect(outcomeOf('eks', sample, 'payments-api')).toBe('no_rule');
    expect(outcomeOf('eks', { ...sample, sub: 'system:serviceaccount:shop:checkout' }, 'payments-api')).toBe('granted');
  });
});

describe('profiles', () => {
  test.each([
    ...profiles.values(),
  ])('$name: its sample has every claim of its catalogue, each of its type', (profile) => {
    const sample = profile.sample({ issuer: 'https://a.example', audience: 'b', now });
    const typeOf = (value: unknown) => (Number.isInteger(value) ? 'int' : typeof value);
    for (const [name, type] of Object.entries(profile.claims))
      expect([name, typeOf(sample[name])]).toEqual([name, type]);
    expect(sample).toMatchObject({ iss: 'https://a.example', iat: now });
    expect([sample['aud']].flat()).toEqual(['b']);
    expect(Number(sample['exp'])).toBeGreaterThan(now);
    expect(Number(sample['nbf'])).toBeLessThanOrEqual(now);
    expect(sample['jti']).not.toBe(profile.sample({ issuer: '', audience: '', now })['jti']);
  });

  test('have the quirks of their vendors', () => {
    const input = { issuer: 'https://a.example', audience: 'b', now };
    const github = profiles.get('github-actions')?.sample(input);
    expect(github).toMatchObject({
      sub: 'repo:acme@1/api@456789:environment:prod',
      nbf: now - 300,
      aud: 'b',
      ref_protected: 'true',
      repository_id: '456789',
      base_ref: '',
    });
    expect(classicSample(input)).toMatchObject({ sub: 'repo:acme/api:environment:prod' });
    expect(profiles.get('kubernetes')?.sample(input)).toMatchObject({
      sub: 'system:serviceaccount:shop:orders',
      aud: ['b'],
      nbf: now,
      'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'orders' } },
    });
  });

  test('are all named, today and to come', () => {
    expect(profileNames).toHaveLength(15);
    expect([...profiles.keys()].every((name) => (profileNames as readonly string[]).includes(name))).toBe(true);
  });
});
