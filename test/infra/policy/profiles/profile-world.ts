// A small policy for one profile, and whether a rule's `match` fits a token of it.
import { expect } from 'vitest';
import { compilePolicyFiles } from '../../../../infra/policy/compile-policy.ts';
import type { Profile } from '../../../../infra/policy/profiles/profile.ts';
import { profiles } from '../../../../infra/policy/profiles/registry.ts';
import type { Claims } from '../../../../shared/policy/claims.ts';
import { evaluateMatch } from '../../../../shared/policy/match.ts';

export const audience = 'https://sts.acme.example';
/** Seconds since the epoch. */
export const now = 1_800_000_000;

/** The issuer of each profile as its vendor writes it, or an example of it where every customer has another. */
export const issuerUrls: Readonly<Record<string, string>> = {
  'github-actions': 'https://token.actions.githubusercontent.com',
  gitlab: 'https://gitlab.com',
  circleci: 'https://oidc.circleci.com/org/1e6f5b2a-7c3d-4a98-b1f0-52d9c8e7a643',
  buildkite: 'https://agent.buildkite.com',
  'hcp-terraform': 'https://app.terraform.io',
  kubernetes: 'https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE',
  bitbucket: 'https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc',
  'azure-devops': 'https://vstoken.dev.azure.com/0ca3ddd9-f0b0-4635-a98c-5866526961b6',
  semaphore: 'https://acme.semaphoreci.com',
  spacelift: 'https://spacelift.acme.example',
  vercel: 'https://oidc.vercel.com/acme',
  codefresh: 'https://oidc.codefresh.io',
  aws: 'https://abc123-def456-ghi789-jkl012.tokens.sts.global.api.aws',
  google: 'https://accounts.google.com',
  spiffe: 'https://oidc.spire.acme.example',
};

type Wanted = string | number | boolean | readonly (string | number | boolean)[];
export type Match = Readonly<Record<string, Wanted>>;

export function profileOf(name: string): Profile {
  const profile = profiles.get(name);
  if (!profile) throw new Error(`there is no profile ${name}`);
  return profile;
}

/** A token of the profile, changed by claims; `undefined` removes one. */
export function tokenOf(name: string, changes: Claims = {}): Claims {
  const issuer = issuerUrls[name] ?? '';
  const claims = { ...profileOf(name).sample({ issuer, audience, now }), ...changes };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}

/** The finding of a policy with this issuer and one rule, errors and warnings alike. */
export function compileMatch(name: string, match: Match, url = issuerUrls[name]) {
  const issuer = { url, audience, claims: name };
  const grant = { audience: 'orders-api', scopes: ['orders:read'] };
  const policy = {
    version: 1,
    issuers: { ci: issuer },
    audiences: { 'orders-api': { scopes: ['orders:read'] } },
    rules: [{ id: 'rule', from: 'ci', match, grant }],
  };
  return compilePolicyFiles([{ path: 'policy.yaml', text: JSON.stringify(policy) }]);
}

/** Whether every condition of the compiled `match` fits the token. */
export function fits(name: string, match: Match, token: Claims): boolean {
  // At an issuer of one's own: those of the vendors sign for everybody, and a match has to say whom it means.
  const { artifact, diagnostics } = compileMatch(name, match, 'https://ci.acme.example');
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const conditions = artifact?.rules[0]?.match ?? [];
  expect(conditions).toHaveLength(Object.keys(match).length);
  return conditions.every((condition) => evaluateMatch(condition, token).matched);
}
