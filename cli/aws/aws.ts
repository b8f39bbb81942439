// `cambio aws --role R`: AWS credentials for another program. Calls POST /token or GET /credentials; appends to the file GITHUB_ENV names.
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { type ProofOptions, proverOf } from '../dpop/options.ts';
import type { Environment } from '../environment.ts';
import type { Machine } from '../machine.ts';
import { type ClientOptions, clientOf, serverFor } from '../token/client-credentials.ts';
import { type SubjectTokenOptions, tokenFinder } from '../token/subject-token.ts';
import { exitCodes, type Output, UsageError } from '../usage.ts';
import { type AwsCredentials, exchangeForRole, fetchForRole } from './credentials.ts';
import { containerDocument, environmentFileLines, maskLines, processDocument, shellLines } from './formats.ts';

export interface AwsOptions extends SubjectTokenOptions, ClientOptions, Pick<ProofOptions, 'dpop-key'> {
  readonly url?: string | undefined;
  readonly role?: string | undefined;
  readonly format?: string | undefined;
}

type Print = (credentials: AwsCredentials, output: Output) => void;

/** @returns the exit code. @throws CallFailed, UsageError */
export async function aws(options: AwsOptions, output: Output, machine: Machine): Promise<number> {
  const role = options.role ?? fail('aws needs --role NAME or ARN');
  const print = printerOf(options.format ?? 'process', machine.environment);
  const server = serverFor(options, machine);
  const client = clientOf(options, server, machine);
  const prover = await proverOf(options, output, machine);
  const subject = await tokenFinder(options, server, machine, { stdin: true })();
  // Who wants to know the account asks where it is told.
  const get = options.format === 'container' ? fetchForRole : exchangeForRole;
  print(await get({ role, subject, client, prover }, server, machine), output);
  return exitCodes.ok;
}

/** Before anything is asked for, so that no credentials are made which cannot be handed over. */
function printerOf(format: string, environment: Environment): Print {
  switch (format) {
    case 'process':
      return (credentials, { stdout }) => stdout(processDocument(credentials));
    case 'container':
      return (credentials, { stdout }) => stdout(`${JSON.stringify(containerDocument(credentials))}\n`);
    case 'env':
      return (credentials, { stdout }) => stdout(shellLines(credentials));
    case 'github':
      return toGithub(
        environment['GITHUB_ENV'] || fail('--format github needs GITHUB_ENV, which a GitHub Actions step has'),
      );
    default:
      return fail('--format takes process, env, github or container');
  }
}

function toGithub(file: string): Print {
  return (credentials, { stdout, stderr }) => {
    stdout(maskLines(credentials));
    appendFileSync(file, environmentFileLines(credentials, `cambio_${randomUUID()}`));
    stderr('cambio: AWS credentials are in the environment of the steps that follow\n');
  };
}

function fail(problem: string): never {
  throw new UsageError(problem);
}
