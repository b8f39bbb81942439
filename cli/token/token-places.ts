// Where tokens lie, in the order in which they are looked for. The default Kubernetes token is not among them: it is for
// the cluster's own API, and whoever it is sent to could use it there.
import { existsSync, readFileSync } from 'node:fs';
import type { Environment } from '../environment.ts';
import { printable } from '../printable.ts';
import { readText } from '../read-text.ts';
import { UsageError } from '../usage.ts';
import { buildkiteToken } from './buildkite-token.ts';
import type { FoundToken, Search } from './found-token.ts';
import { githubToken } from './github-token.ts';

/** Undefined when the place is not there; throws when it is, and gives no token. */
type Place = (search: Search) => FoundToken | undefined | Promise<FoundToken | undefined>;

/** Where a pod has it projected (docs/agent.md). */
const projected = '/var/run/secrets/cambio/token';

const places: readonly Place[] = [
  fromVariable('CAMBIO_ID_TOKEN'),
  githubToken,
  fromFile,
  buildkiteToken,
  fromVariable('CIRCLE_OIDC_TOKEN_V2'),
];

/** @throws UsageError when no place has a token, with what this CI system needs to give one */
export async function findInPlace(search: Search): Promise<FoundToken> {
  for (const place of places) {
    const found = await place(search);
    if (found) return found;
  }
  throw new UsageError(`there is no token to exchange: ${adviceFor(search.machine.environment)}`);
}

function fromVariable(name: string): Place {
  return ({ machine }) => {
    const token = machine.environment[name];
    return token ? { token, from: name } : undefined;
  };
}

function fromFile({ machine }: Search): FoundToken | undefined {
  const named = machine.environment['CAMBIO_TOKEN_FILE'];
  if (named) return { token: readText(named), from: printable(named) };
  return existsSync(projected) ? { token: readFileSync(projected, 'utf8'), from: projected } : undefined;
}

const advice: readonly (readonly [variable: string, advice: string])[] = [
  ['GITHUB_ACTIONS', 'the job needs `permissions: { id-token: write }`'],
  ['GITLAB_CI', 'the job needs `id_tokens: { CAMBIO_ID_TOKEN: { aud: … } }`'],
  ['CIRCLECI', 'CIRCLE_OIDC_TOKEN_V2 is there in jobs that use a context'],
  ['BUILDKITE', 'buildkite-agent is not on PATH'],
  ['BITBUCKET_BUILD_NUMBER', 'set `oidc: true` in the step and give --token-env BITBUCKET_STEP_OIDC_TOKEN'],
  ['TFC_RUN_ID', 'set TFC_WORKLOAD_IDENTITY_AUDIENCE and give --token-env TFC_WORKLOAD_IDENTITY_TOKEN'],
  ['KUBERNETES_SERVICE_HOST', `mount a projected token at ${projected}; the default one is never sent`],
  ['AWS_EXECUTION_ENV', '--from aws takes one from AWS STS'],
];

function adviceFor(environment: Environment): string {
  const [, here] = advice.find(([variable]) => environment[variable]) ?? [];
  return here ?? 'give --token-file FILE, --token-env NAME or --from aws, set CAMBIO_ID_TOKEN, or pipe it in';
}
