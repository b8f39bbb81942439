// What jobs and pods use of a release: cambio.sh, the GitLab component, the Kubernetes manifests. Writes files.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type ReleasePart, root } from './release-part.ts';

const copied = ['cambio.sh', 'gitlab', 'kubernetes'];

export const makeJobs: ReleasePart = async (dist) => {
  for (const name of copied) cpSync(join(root, 'cli', name), join(dist, name), { recursive: true });
  return copied;
};
