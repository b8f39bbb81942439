// AWS credentials as other programs read them. Pure.
import type { AwsCredentials } from './credentials.ts';

/** What `credential_process` of the SDKs reads. */
export function processDocument(credentials: AwsCredentials): string {
  const { accessKeyId, secretAccessKey, sessionToken, expiration, accountId } = credentials;
  const document = {
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: expiration,
    AccountId: accountId,
  };
  return `${JSON.stringify(document)}\n`;
}

/** What the container provider of the SDKs reads. */
export function containerDocument(credentials: AwsCredentials): object {
  const { accessKeyId, secretAccessKey, sessionToken, expiration, accountId, roleArn } = credentials;
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: sessionToken,
    Expiration: expiration,
    AccountId: accountId,
    RoleArn: roleArn,
  };
}

/** For `eval` in a shell. */
export function shellLines(credentials: AwsCredentials): string {
  return variablesOf(credentials)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('');
}

/** Workflow commands that hide the secrets in the job's log from then on. */
export function maskLines(credentials: AwsCredentials): string {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return [accessKeyId, secretAccessKey, sessionToken].map((value) => `::add-mask::${value}\n`).join('');
}

/**
 * For the file GITHUB_ENV names. A value that held the delimiter could define other variables, PATH among them.
 * @param delimiter random
 */
export function environmentFileLines(credentials: AwsCredentials, delimiter: string): string {
  return variablesOf(credentials)
    .map(([name, value]) => {
      if (/[\r\n]/.test(value) || value.includes(delimiter)) throw new Error(`${name} is no value of one line`);
      return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
    })
    .join('');
}

function variablesOf(credentials: AwsCredentials): readonly (readonly [name: string, value: string])[] {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials;
  return [
    ['AWS_ACCESS_KEY_ID', accessKeyId],
    ['AWS_SECRET_ACCESS_KEY', secretAccessKey],
    ['AWS_SESSION_TOKEN', sessionToken],
    ['AWS_CREDENTIAL_EXPIRATION', expiration],
  ];
}
