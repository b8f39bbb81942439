// Stand-ins for an issuer of every profile: tokens that the compiled policy trusts, with the vendors' claims.
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { createStandIns } from '../../../../infra/local/stand-ins/stand-ins.ts';
import { compilePolicyFiles } from '../../../../infra/policy/compile-policy.ts';
import type { KeySource } from '../../../../shared/policy/compiled-policy.ts';
import { evaluateMatch } from '../../../../shared/policy/match.ts';
import { everyProfilePolicy, profileCases } from './every-profile.ts';
import { audience, issuerUrls, profileOf } from './profile-world.ts';

const { artifact, diagnostics } = compilePolicyFiles([{ path: 'policy.yaml', text: everyProfilePolicy }], {
  local: true,
});
if (!artifact) throw new Error(JSON.stringify(diagnostics));
const { issuers, rules } = artifact;
const standIns = await createStandIns(artifact, false);

async function tokenOf(name: string, overrides: Readonly<Record<string, unknown>> = {}): Promise<JWTPayload> {
  const token = (await standIns.tokenOf(name, overrides)) ?? '';
  const { payload } = await jwtVerify(token, createLocalJWKSet(standIns.jwksOf(name) as JSONWebKeySet), {
    issuer: issuerUrls[name] ?? '',
    audience,
    algorithms: [...(issuers[name]?.algorithms ?? [])],
  });
  return payload;
}

function granted(name: string, claims: JWTPayload): boolean {
  const rule = rules.find(({ from }) => from === name);
  expect(rule?.match).toHaveLength(Object.keys(profileCases[name]?.match ?? {}).length);
  return (rule?.match ?? []).every((condition) => evaluateMatch(condition, claims).matched);
}

test('every issuer is stood in for', () => {
  expect(standIns.list().filter(({ standIn }) => !standIn)).toEqual([]);
  expect(standIns.list()).toHaveLength(15);
});

test('an issuer is stood in for wherever its keys are on the network, one whose keys are in the policy is not', async () => {
  const standsIn = async (keys: KeySource) => {
    const google = issuers['google'];
    if (!google) throw new Error('no such issuer');
    const changed = { ...artifact, issuers: { google: { ...google, keys } } };
    return (await createStandIns(changed, false)).list().map(({ standIn }) => standIn);
  };
  expect(await standsIn({ from: 'discovery' })).toEqual([true]);
  expect(await standsIn({ from: 'jwksUri', jwksUri: profileOf('google').jwksUri ?? '' })).toEqual([true]);
  expect(await standsIn({ from: 'jwksUri', jwksUri: 'https://keys.acme.example/jwks' })).toEqual([true]);
  expect(await standsIn({ from: 'jwksUri', jwksUri: 'http://127.0.0.1:1/jwks' })).toEqual([false]);
  expect(await standsIn({ from: 'inline', jwks: { keys: [] } })).toEqual([false]);
});

describe.each(Object.entries(profileCases))('a stand-in of %s', (name, { other }) => {
  test('signs the sample of its profile for the issuer, in time', async () => {
    const claims = await tokenOf(name);
    const sample = profileOf(name).sample({ issuer: '', audience: '', now: 0 });
    expect(Object.keys(claims).sort()).toEqual(Object.keys(sample).sort());
    for (const claim of Object.keys(profileOf(name).claims)) expect(claims).toHaveProperty([claim]);
    expect(Math.abs(Number(claims.iat) - Date.now() / 1000)).toBeLessThan(60);
    expect(granted(name, claims)).toBe(true);
  });

  test('overrides claims and leaves out those that are null', async () => {
    const claims = await tokenOf(name, other);
    for (const [claim, value] of Object.entries(other)) expect(claims[claim] ?? null).toEqual(value);
    const present = Object.entries(other).every(([, value]) => value !== null);
    expect(Object.keys(other).every((claim) => Object.hasOwn(claims, claim))).toBe(present);
    expect(granted(name, claims)).toBe(false);
  });
});

test('jti and nbf are there only where the vendor has them', async () => {
  const has = async (claim: string) => {
    const tokens = await Promise.all(
      Object.keys(profileCases).map(async (name) => [name, await tokenOf(name)] as const),
    );
    return tokens.filter(([, claims]) => !Object.hasOwn(claims, claim)).map(([name]) => name);
  };
  expect(await has('jti')).toEqual(['circleci', 'bitbucket', 'vercel', 'codefresh', 'google']);
  expect(await has('nbf')).toEqual(['circleci', 'bitbucket', 'codefresh', 'aws', 'google', 'spiffe']);
});

test('times are those of the vendor', async () => {
  const times = async (name: string) => {
    const { iat = 0, nbf = Number.NaN, exp = 0 } = decodeJwt((await standIns.tokenOf(name, {})) ?? '');
    return { life: exp - iat, nbf: nbf - iat };
  };
  expect(await times('github-actions')).toEqual({ life: 300, nbf: -300 });
  expect(await times('gitlab')).toEqual({ life: 3600, nbf: -5 });
  expect(await times('circleci')).toEqual({ life: 3600, nbf: Number.NaN });
  expect(await times('buildkite')).toEqual({ life: 300, nbf: 0 });
  expect((await times('hcp-terraform')).nbf).toBe(-5);
  expect(await times('kubernetes')).toEqual({ life: 3607, nbf: 0 });
  expect(await times('azure-devops')).toEqual({ life: 600, nbf: -600 });
  expect((await times('google')).life).toBe(3600);
});
