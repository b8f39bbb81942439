// The words of `npm start -- …`. Pure.
import { type Options, readWords, WordsError } from '../../cli/command-line.ts';
import type { GivenValues } from './stand-ins/local-policy.ts';
import { StartError } from './start-error.ts';

export interface StartWords {
  readonly port: number;
  readonly policy: string | undefined;
  readonly data: string | undefined;
  readonly realIssuers: boolean;
  readonly given: GivenValues;
  readonly quiet: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

const usage =
  'npm start -- [--port N] [--policy FILE|DIR] [--data DIR] [--value NAME=VALUE]… [--real-issuers] [--json] [--quiet]';

export const startHelp = `usage: ${usage}

Serves what would be deployed, on loopback, without an AWS account: the template and the bundles that cdk synth makes.

options:
  --port N            where it listens on 127.0.0.1; 0 takes a free port, which the ready line names (default: 8787)
  --policy FILE|DIR   the policy it serves (default: the demonstration, infra/policy)
  --data DIR          keeps tables, keys and objects there; without it they are in memory
  --value NAME=VALUE  what CDK would give at deploy: the URL of an issuer, or the ARN of a role, that the policy leaves
                      open; once for each
  --real-issuers      no stand-ins: the functions fetch the issuers' own keys
  --json              prints the functions' log as it is, in place of one line for each decision
  --quiet             prints nothing of the functions' log
  -h, --help          shows this text

example:
  npm start -- --port 0 --policy my-policy --value eks=https://oidc.eks.eu-west-1.amazonaws.com/id/ABC
`;

const options: Options = {
  port: { type: 'string' },
  policy: { type: 'string' },
  data: { type: 'string' },
  value: { type: 'string', multiple: true },
  'real-issuers': { type: 'boolean' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean' },
};

/** @throws StartError in one line that shows the usage */
export function startWords(words: readonly string[]): StartWords {
  const { values, positionals } = read(words.map((word) => (word === '-h' ? '--help' : word)));
  const [extra] = positionals;
  if (extra !== undefined) throw wrong(`there is no word ${extra} here, only options`);
  const { port = '8787', policy, data, value = [] } = values;
  if (!/^\d{1,5}$/.test(String(port)) || Number(port) > 65_535) throw wrong('--port must be 0 to 65535');
  return {
    port: Number(port),
    policy: policy as string | undefined,
    data: data as string | undefined,
    realIssuers: values['real-issuers'] === true,
    given: givenValues(value as readonly string[]),
    quiet: values['quiet'] === true,
    json: values['json'] === true,
    help: values['help'] === true,
  };
}

function read(words: readonly string[]) {
  try {
    return readWords(words, options);
  } catch (error) {
    if (error instanceof WordsError) throw wrong(error.message);
    throw error;
  }
}

/** An ARN is a role's, as nothing else is one. */
function givenValues(given: readonly string[]): GivenValues {
  const pairs = given.map((each) => {
    const [, name, value] = /^([^=]+)=(.+)$/.exec(each) ?? [];
    if (name === undefined || value === undefined) throw wrong(`--value is NAME=VALUE, not ${each}`);
    return [name, value] as const;
  });
  const isArn = ([, value]: readonly [string, string]): boolean => value.startsWith('arn:');
  return {
    issuerUrls: Object.fromEntries(pairs.filter((pair) => !isArn(pair))),
    roleArns: Object.fromEntries(pairs.filter(isArn)),
  };
}

function wrong(message: string): StartError {
  return new StartError(`${message}; usage: ${usage}`);
}
