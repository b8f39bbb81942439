import { describe, expect, test } from 'vitest';
import { joinPolicy } from '../../../shared/policy/policy-artifact.ts';
import { github, policy } from '../../world.ts';

const withHole = JSON.stringify({
  ...policy,
  issuers: { github: { ...github, url: { $value: 'issuers.github.url' } } },
});
const values = (url: unknown): string => JSON.stringify({ 'issuers.github.url': url });

describe('a policy artifact', () => {
  test('without holes needs no values', () => {
    expect(joinPolicy(JSON.stringify(policy), undefined)).toEqual(policy);
  });

  test('is joined with the values known at deploy', () => {
    expect(joinPolicy(withHole, values(github.url))).toEqual(policy);
    const path = 'https://oidc.eks.eu-west-1.amazonaws.com/id/ABC';
    expect(joinPolicy(withHole, values(path)).issuers['github']?.url).toBe(path);
  });

  test.each([
    undefined,
    '{}',
    'null',
    '[]',
    'https://x.example',
    '{"issuers.github.url":',
    '{"other":"https://x.example"}',
  ])('with POLICY_VALUES %s stops the cold start', (text) => {
    expect(() => joinPolicy(withHole, text)).toThrow('POLICY_VALUES');
  });

  test.each([
    1,
    '',
    'x',
    'http://x.example',
    'HTTPS://x.example',
    'https://X.example',
    'https://x.example:443',
    'https://u@x.example',
    'https://x.example?q',
    'https://x.example/#f',
  ])('with the issuer URL %s stops the cold start', (url) => {
    expect(() => joinPolicy(withHole, values(url))).toThrow('issuers.github.url');
    expect(() => joinPolicy(withHole, values('https://x.example'))).not.toThrow();
  });

  test('that becomes two issuers with one url and one audience, of tokens or of events, stops the cold start', () => {
    const twin = (changes: object) =>
      JSON.stringify({
        ...policy,
        issuers: {
          github: { ...github, events: { audience: 'events' } },
          twin: { ...github, name: 'twin', url: { $value: 'issuers.github.url' }, ...changes },
        },
      });
    const join = (changes: object) => () => joinPolicy(twin(changes), values(github.url));
    expect(join({ audiences: ['other'], events: { audience: 'other-events' } })).not.toThrow();
    expect(join({ events: { audience: 'other-events' } })).toThrow('two issuers the same');
    expect(join({ audiences: ['other'], events: { audience: 'events' } })).toThrow('two issuers the same');
  });

  test('of another version stops the cold start', () => {
    expect(() => joinPolicy(JSON.stringify({ ...policy, version: 2 }), undefined)).toThrow('version');
  });
});
