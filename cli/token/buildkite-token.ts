// The OIDC token of a Buildkite job: its agent asks for it. Runs `buildkite-agent`.
// https://buildkite.com/docs/agent/v3/cli-oidc

import { UsageError } from '../usage.ts';
import type { FoundToken, Search } from './found-token.ts';

const from = 'buildkite-agent';

/** Undefined where there is no such agent, or one that is in no job. @throws UsageError when a job's agent gives none */
export async function buildkiteToken({ audience, machine }: Search): Promise<FoundToken | undefined> {
  const { BUILDKITE, BUILDKITE_JOB_ID } = machine.environment;
  const isJob = BUILDKITE !== undefined || BUILDKITE_JOB_ID !== undefined;
  if (!isJob && !(await machine.runProgram(from, ['--version']))) return undefined;
  const ran = await machine.runProgram(from, ['oidc', 'request-token', '--audience', await audience()]);
  if (ran?.exit === 0) return { token: ran.stdout, from };
  if (!isJob || !ran) return undefined;
  throw new UsageError(`buildkite-agent oidc request-token ended with ${ran.exit}`);
}
