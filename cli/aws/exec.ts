// `cambio aws exec --role R -- CMD`: runs a program whose AWS SDK asks this process for credentials, for as long as it
// runs. Listens on loopback, calls GET /credentials or POST /token.
import { randomBytes } from 'node:crypto';
import { devNull } from 'node:os';
import { placeProblem, tokenProblem } from '../agent/caller-check.ts';
import { answerCredentials } from '../agent/credentials-answer.ts';
import { parseListen } from '../agent/listen-address.ts';
import { answerJson, type Listener, listenLocally } from '../agent/local-listener.ts';
import { type CredentialsFor, credentialsKeeper } from '../agent/role-credentials.ts';
import { runChild } from '../child.ts';
import { type ProofOptions, proverOf } from '../dpop/options.ts';
import type { Environment } from '../environment.ts';
import type { Machine } from '../machine.ts';
import { type ClientOptions, clientOf, serverFor } from '../token/client-credentials.ts';
import { type SubjectTokenOptions, tokenFinder } from '../token/subject-token.ts';
import { type Output, UsageError } from '../usage.ts';

export interface AwsExecOptions extends SubjectTokenOptions, ClientOptions, Pick<ProofOptions, 'dpop-key'> {
  readonly url?: string | undefined;
  readonly role?: string | undefined;
}

/**
 * @param words the program and its arguments
 * @returns the program's exit code
 * @throws CallFailed before the program starts, when the role is refused
 */
export async function awsExec(
  words: readonly string[],
  options: AwsExecOptions,
  output: Output,
  machine: Machine,
): Promise<number> {
  const { role } = options;
  if (role === undefined) throw new UsageError('aws exec needs --role NAME or ARN');
  if (words[0] === '') throw new UsageError('aws exec needs a program after --');
  const server = serverFor(options, machine);
  const client = clientOf(options, server, machine);
  // stdin is the program's.
  const findToken = tokenFinder(options, server, machine, { stdin: false });
  const prover = await proverOf(options, output, machine);
  const { credentialsFor } = credentialsKeeper({ server, client, findToken, prover, machine }, { maxEntries: 1 });
  await credentialsFor({ role }, {});
  const secret = randomBytes(32).toString('base64url');
  const listener = await serveCredentials(role, secret, credentialsFor);
  try {
    return await runChild(words, childEnvironment(machine.environment, `${listener.url}/credentials`, secret));
  } finally {
    await listener.close();
  }
}

function serveCredentials(role: string, secret: string, credentialsFor: CredentialsFor): Promise<Listener> {
  const address = parseListen('127.0.0.1:0');
  return listenLocally(address, (request, response) => {
    const door = { address, token: secret };
    const problem = placeProblem(request, door) ?? tokenProblem(request.headers.authorization, door);
    if (problem) return answerJson(response, problem === 'token' ? 401 : 403, { code: 'refused', message: problem });
    if (request.method !== 'GET' || request.url !== '/credentials') {
      return answerJson(response, 404, { code: 'not_found', message: 'GET /credentials is all there is' });
    }
    void answerCredentials(response, () => credentialsFor({ role }));
  });
}

/**
 * Nothing is left by which an SDK would find other credentials before ours, or after a refusal: not the variables, not
 * the files of the home directory, not the machine's own role.
 */
function childEnvironment(environment: Environment, url: string, secret: string): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(([name]) => !removed.includes(name));
  // Tools differ in which of the two they read, and ~/.aws/config is out of reach.
  const region = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  return {
    ...Object.fromEntries(kept),
    ...(region !== undefined && {
      AWS_REGION: region,
      AWS_DEFAULT_REGION: environment['AWS_DEFAULT_REGION'] ?? region,
    }),
    AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: secret,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_CONFIG_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

const removed: readonly string[] = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
];
