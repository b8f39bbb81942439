// What holds for every profile: its sample, and what it says of its claims.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { registeredClaims, typeOfClaim } from '../../../../infra/policy/claims/catalogue.ts';
import { profileNames, profiles } from '../../../../infra/policy/profiles/registry.ts';
import { readRegisteredClaims } from '../../../../shared/oauth/jose/registered-claims.ts';
import { claimAt } from '../../../../shared/policy/claims.ts';
import type { JsonObject } from '../../../../shared/policy/json.ts';
import { audience, issuerUrls, now, tokenOf } from './profile-world.ts';

const all = [...profiles.values()];

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'boolean') return 'bool';
  return Number.isSafeInteger(value) ? 'int' : typeof value;
}

test('there are the fifteen of the language', () => {
  expect(profileNames).toEqual([
    'github-actions',
    'gitlab',
    'circleci',
    'buildkite',
    'hcp-terraform',
    'kubernetes',
    'bitbucket',
    'azure-devops',
    'semaphore',
    'spacelift',
    'vercel',
    'codefresh',
    'aws',
    'google',
    'spiffe',
  ]);
  expect(Object.keys(issuerUrls)).toEqual(profileNames);
});

describe.each(all)('$name', (profile) => {
  const token = tokenOf(profile.name);

  test('its sample has every claim of its catalogue, each of its type, and no other', () => {
    for (const [name, type] of Object.entries(profile.claims))
      expect([name, typeOf(token[name])]).toEqual([name, type]);
    const known = [...Object.keys(profile.claims), ...Object.keys(registeredClaims)];
    expect(Object.keys(token).filter((name) => !known.includes(name))).toEqual([]);
  });

  test('its sample is a token that is valid now', () => {
    const registered = readRegisteredClaims(token as JsonObject);
    expect(registered).toMatchObject({ iss: issuerUrls[profile.name], aud: [audience], iat: now });
    expect(registered.exp).toBeGreaterThan(now);
    expect(registered.exp - now).toBeLessThanOrEqual(24 * 3600);
    expect(registered.nbf ?? 0).toBeLessThanOrEqual(now);
  });

  test('its sample has a fresh jti, or none', () => {
    const jti = token['jti'];
    if (jti === undefined) expect(profile.optional).toContain('jti');
    else expect(jti).not.toBe(tokenOf(profile.name)['jti']);
  });

  test('members have the types that the sample gives them', () => {
    for (const [path, type] of Object.entries(profile.members ?? {})) {
      const value = claimAt(token, path);
      if (value === undefined) expect(profile.optional?.some((name) => path === name)).toBe(true);
      else expect([path, typeOf(value)]).toEqual([path, type]);
    }
  });

  test('names no claim, as optional, mutable, immutable or run, that it does not have', () => {
    const catalogue = { claims: { ...profile.claims, ...registeredClaims }, profile };
    const named = [
      ...(profile.optional ?? []),
      ...Object.entries(profile.immutable ?? {}).flat(),
      ...(profile.run ?? []),
    ];
    expect(named.filter((path) => [undefined, 'open'].includes(typeOfClaim(catalogue, path)))).toEqual([]);
    for (const [mutable, id] of Object.entries(profile.immutable ?? {})) expect(mutable).not.toBe(id);
  });

  test('misses in its sample only what it calls optional', () => {
    const missing = Object.keys(registeredClaims).filter((name) => token[name] === undefined);
    expect(missing.filter((name) => !profile.optional?.includes(name))).toEqual([]);
  });

  test('has no slash at the end of its issuer', () => {
    expect(profile.endsWithSlash(issuerUrls[profile.name] ?? '')).toBe(false);
  });
});

describe('docs/profiles.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../docs/profiles.md'), 'utf8');
  const [, ...sections] = text.split(/^## /m);

  test('has a section for each profile, in order', () => {
    expect(sections.map((section) => section.split('\n')[0])).toEqual(profileNames);
  });

  test.each(all)('says which claims the run of $name is', ({ name, run }) => {
    const section = sections[profileNames.indexOf(name)] ?? '';
    expect(section).toContain(run === undefined ? 'No run.' : `Run: \`${run.join('/')}\`.`);
  });
});

describe('the run of a token', () => {
  const runOf = (name: string) =>
    profiles
      .get(name)
      ?.run?.map((path) => claimAt(tokenOf(name), path))
      .join('/');

  test.each([
    ['github-actions', '20154986327'],
    ['gitlab', '574'],
    ['circleci', 'f54b0c27-8a1d-4e36-b9c2-6d7f1a3e5084'],
    ['buildkite', 'super-duper-app/1'],
    ['hcp-terraform', 'run-UUwNKz74hEdPWLhq'],
    ['kubernetes', 'b9f0e7a2-7f55-4d13-8d25-2f6f1c8f3a90'],
    ['bitbucket', '{7f6e5d4c-3b2a-4190-8f7e-6d5c4b3a2918}'],
    ['azure-devops', '5'],
    ['semaphore', '1be81412-6ab8-4fc0-9d0d-7af33335a6ec'],
    ['spacelift', '01HQ7Y2M8K4N6P0R3S5T7V9WXZ'],
    ['codefresh', '65e6ebe0bfbfa1782876165e'],
    ['vercel', undefined],
    ['aws', undefined],
    ['google', undefined],
    ['spiffe', undefined],
  ])('of %s is %s', (name, run) => expect(runOf(name)).toBe(run));
});
