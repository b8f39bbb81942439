// Jobs of every CI system, as far as docs/ci.md meets them: sh without Node, the variables of each, and what it serves.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeServer, type Reply } from './fake-server.ts';
import { type PlainShell, plainShell } from './plain-shell.ts';

const jobsAudience = 'https://sts.acme.example';
const requestToken = 'request-token-of-the-job';

export interface CiJobs {
  readonly shell: PlainShell;
  /** The CI system's variables of a job that has this token; undefined for a job whose CI system gives none. */
  readonly environmentOf: (profile: string, token: string | undefined) => Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
  readonly close: () => Promise<void>;
}

export async function ciJobs(): Promise<CiJobs> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-ci-'));
  const shell = plainShell();
  copyFileSync(join(import.meta.dirname, '../../cli/cambio.sh'), join(shell.folder, 'cambio.sh'));
  // The pauses before another attempt.
  shell.program('sleep', ':');
  let current: string | undefined;
  const given = (isAsked: boolean, body: (token: string) => unknown): Reply =>
    isAsked && current !== undefined ? { body: body(current) } : { status: 403, body: { message: 'no token here' } };
  const vendor = await fakeServer({
    '/github': ({ headers, query }) =>
      given(
        headers.authorization === `Bearer ${requestToken}` &&
          query.get('audience') === jobsAudience &&
          query.get('api-version') === '2.0',
        (value) => ({ count: 1, value }),
      ),
    '/azure': ({ method, headers, query }) =>
      given(
        method === 'POST' && headers.authorization === `Bearer ${requestToken}` && query.get('api-version') === '7.1',
        (oidcToken) => ({ oidcToken }),
      ),
    '/computeMetadata/v1/instance/service-accounts/default/identity': ({ method, headers, query }) =>
      given(
        method === 'GET' &&
          headers['metadata-flavor'] === 'Google' &&
          query.get('audience') === jobsAudience &&
          query.get('format') === 'full',
        (token) => token,
      ),
  });
  shell.program(
    'buildkite-agent',
    `[ "$1 $2 $3 $4" = "oidc request-token --audience ${jobsAudience}" ] && [ -n "$VENDOR_TOKEN" ] && echo "$VENDOR_TOKEN"`,
  );
  // The provider of the real one asks so, and shows what it was answered.
  shell.program(
    'aws',
    `case "$1 $2" in
      'sts get-web-identity-token') [ "$4" = ${jobsAudience} ] && [ -n "$VENDOR_TOKEN" ] && echo "$VENDOR_TOKEN" ;;
      'sts get-caller-identity') curl -sS --fail-with-body -H @- "$AWS_CONTAINER_CREDENTIALS_FULL_URI" <<EOF
Authorization: $(cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
EOF
    esac`,
  );
  const variable =
    (name: string) =>
    (token: string | undefined): Record<string, string> =>
      token === undefined ? {} : { [name]: token };
  const file =
    (name: string) =>
    (token: string | undefined): Record<string, string> => {
      const path = join(folder, `${name}-${token === undefined ? 'absent' : 'token'}`);
      if (token !== undefined) writeFileSync(path, token);
      return { [name]: path };
    };
  const environments: Readonly<Record<string, (token: string | undefined) => Record<string, string>>> = {
    'github-actions': () => ({
      ACTIONS_ID_TOKEN_REQUEST_URL: `${vendor.url}/github?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
    }),
    gitlab: variable('CAMBIO_ID_TOKEN'),
    circleci: variable('CIRCLE_OIDC_TOKEN_V2'),
    buildkite: variable('VENDOR_TOKEN'),
    'hcp-terraform': variable('TFC_WORKLOAD_IDENTITY_TOKEN'),
    kubernetes: file('CAMBIO_TOKEN_FILE'),
    bitbucket: variable('BITBUCKET_STEP_OIDC_TOKEN'),
    'azure-devops': () => ({ SYSTEM_OIDCREQUESTURI: `${vendor.url}/azure`, SYSTEM_ACCESSTOKEN: requestToken }),
    semaphore: variable('SEMAPHORE_OIDC_TOKEN'),
    spacelift: variable('SPACELIFT_OIDC_TOKEN'),
    vercel: variable('VERCEL_OIDC_TOKEN'),
    codefresh: variable('ID_TOKEN'),
    aws: variable('VENDOR_TOKEN'),
    google: () => ({ GCE_METADATA_HOST: new URL(vendor.url).host }),
    spiffe: file('JWT_SVID_FILE'),
  };
  return {
    shell,
    profiles: Object.keys(environments),
    environmentOf: (profile, token) => {
      current = token;
      return { CAMBIO_TOKEN_AUDIENCE: jobsAudience, ...environments[profile]?.(token) };
    },
    close: async () => {
      shell.close();
      await vendor.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What no command line may hold: others on the machine can read it. */
export function secretsOf(...tokens: readonly string[]): readonly string[] {
  return [requestToken, ...tokens];
}
