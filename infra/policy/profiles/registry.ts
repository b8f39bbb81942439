// The token profiles by name.
import { aws } from './aws.ts';
import { azureDevops } from './azure-devops.ts';
import { bitbucket } from './bitbucket.ts';
import { buildkite } from './buildkite.ts';
import { circleci } from './circleci.ts';
import { codefresh } from './codefresh.ts';
import { githubActions } from './github-actions.ts';
import { gitlab } from './gitlab.ts';
import { google } from './google.ts';
import { hcpTerraform } from './hcp-terraform.ts';
import { kubernetes } from './kubernetes.ts';
import type { Profile } from './profile.ts';
import { semaphore } from './semaphore.ts';
import { spacelift } from './spacelift.ts';
import { spiffe } from './spiffe.ts';
import { vercel } from './vercel.ts';

const all: readonly Profile[] = [
  githubActions,
  gitlab,
  circleci,
  buildkite,
  hcpTerraform,
  kubernetes,
  bitbucket,
  azureDevops,
  semaphore,
  spacelift,
  vercel,
  codefresh,
  aws,
  google,
  spiffe,
];

export const profiles: ReadonlyMap<string, Profile> = new Map(all.map((profile) => [profile.name, profile]));

export const profileNames: readonly string[] = all.map(({ name }) => name);
