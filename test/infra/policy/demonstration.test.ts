import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../../infra/policy/compile-policy.ts';
import { classicSample } from '../../../infra/policy/profiles/github-actions.ts';
import { profiles } from '../../../infra/policy/profiles/registry.ts';
import { evaluatePolicy, indexRules } from '../../../shared/policy/evaluate.ts';

const { artifact, diagnostics } = compilePolicy(join(import.meta.dirname, '../../../infra/policy'));
const now = 1_800_000_000;

function sampleFor(issuerName: string): Record<string, unknown> {
  const issuer = artifact?.issuers[issuerName];
  const sample = profiles.get(issuer?.profile ?? '')?.sample;
  return sample?.({ issuer: String(issuer?.url), audience: issuer?.audiences[0] ?? '', now }) ?? {};
}

function outcomeOf(issuer: string, claims: Record<string, unknown>, audience = 'orders-api'): string {
  return evaluatePolicy(indexRules(artifact?.rules ?? []), {
    issuer,
    claims,
    audience,
    client: '',
    request: { scopes: [], audiences: [audience], resources: [] },
    now: 0,
  }).outcome;
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
