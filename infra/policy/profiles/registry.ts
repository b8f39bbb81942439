// The token profiles by name, and the names of those still to come.
import { githubActions } from './github-actions.ts';
import { kubernetes } from './kubernetes.ts';
import type { Profile } from './profile.ts';

/** Profiles that can be used today. */
export const profiles: ReadonlyMap<string, Profile> = new Map(
  [githubActions, kubernetes].map((profile) => [profile.name, profile]),
);

/** Every profile of the language. */
export const profileNames = [
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
] as const;
