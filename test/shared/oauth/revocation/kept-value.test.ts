import { describe, expect, test } from 'vitest';
import { hiddenValue, revokedHash } from '../../../../shared/oauth/revocation/kept-value.ts';
import type { TrustedIssuer } from '../../../../shared/policy/compiled-policy.ts';
import { github } from '../../../world.ts';

const named = (name: string, changes: Partial<TrustedIssuer>): TrustedIssuer => ({ ...github, name, ...changes });
const mail = named('mail', { private: ['email'], subject: ['u:', { claim: 'email' }, ':', { claim: 'team' }] });
const bots = named('bots', { private: ['email'], subject: ['svc:', { claim: 'name' }] });
const ci = named('ci', { run: ['project', 'run_id'] });
const quiet = named('quiet', { private: ['sub', 'run'], run: ['run.id'] });
const issuers = [mail, bots, ci, quiet];

const isHidden = (by: Parameters<typeof hiddenValue>[0]['by'], value: string, among = issuers): boolean => {
  const hidden = hiddenValue({ by, value }, among);
  expect([undefined, `sha256:${revokedHash(value)}`]).toContain(hidden);
  return hidden !== undefined;
};

describe('what a revocation names', () => {
  test.each([
    ['u:alice@acme.example:ops', 'svc:deployer', 'by a template'],
    ['quiet|alice', 'ci|alice', 'by the issuer'],
    ['gone|alice', 'ci|quiet|alice', 'by an issuer that the policy has'],
    ['alice', 'svc:alice', 'by a template of the policy'],
    ['mail|alice', 'ci|u:alice@acme.example:ops', 'as its issuer makes subjects'],
  ])('as the subject %s is hidden, and %s is not: made %s', (secret, open) => {
    expect([isHidden('subject', secret), isHidden('subject', open)]).toEqual([true, false]);
  });

  test('as a subject is hidden when an open and a private issuer may both have made it', () => {
    const any = named('any', { subject: ['u:', { claim: 'name' }] });
    expect(isHidden('subject', 'u:alice:ops', [any])).toBe(false);
    expect(isHidden('subject', 'u:alice:ops', [any, mail])).toBe(true);
    expect(isHidden('subject', 'u:alice', [any, mail])).toBe(false);
  });

  test('fits a template by its literal parts, in order, the outer ones at the ends', () => {
    const made = named('made', { subject: ['a', { claim: 'x' }, 'ab', { claim: 'y' }, 'a'] });
    const fits = (text: string): boolean => !isHidden('subject', text, [made]);
    expect(['a-ab-a', 'aXabYababa'].map(fits)).toEqual([true, true]);
    expect(['-a-ab-a', 'a-ab-a-', 'a-a', 'aba', 'aab'].map(fits)).toEqual([false, false, false, false, false]);
  });

  test('as a run is hidden where the run is made of what its issuer calls private, or nobody knows', () => {
    expect(['ci|acme/7', 'quiet|7', 'gone|7', 'bots|7'].map((run) => isHidden('run', run))).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  test('is shown where it is a name of ours', () => {
    for (const by of ['jti', 'family', 'client', 'issuer', 'key', 'origin'] as const) {
      expect(isHidden(by, 'u:alice@acme.example:ops')).toBe(false);
    }
  });
});
