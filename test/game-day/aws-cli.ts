// Commands of the AWS CLI as runbooks have them, sent to the emulators by the SDK: KMS and DynamoDB. Network, loopback only.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as kms from '@aws-sdk/client-kms';
import { deployerClient } from '../../infra/local/template/provision.ts';
import type { Deployment } from './deployment.ts';
import { named, wordsOf } from './words.ts';

type Send = (command: unknown) => Promise<object>;

const services = {
  kms: { variable: 'AWS_ENDPOINT_URL_KMS', Client: kms.KMSClient, commands: kms },
  dynamodb: { variable: 'AWS_ENDPOINT_URL_DYNAMODB', Client: dynamodb.DynamoDBClient, commands: dynamodb },
} as const;

/** @throws Error for a service that is not emulated, or an operation that there is none of */
export async function runAws(
  { stack, folder }: Pick<Deployment, 'stack' | 'folder'>,
  command: string,
  values: Readonly<Record<string, string>>,
): Promise<object> {
  const [program, service = '', operation = '', ...options] = wordsOf(command).map((word) => named(word, values));
  const emulated = program === 'aws' ? services[service as keyof typeof services] : undefined;
  if (!emulated) throw new Error(`not emulated: ${command}`);
  const name = `${pascal(operation)}Command`;
  const Command = (emulated.commands as Readonly<Record<string, unknown>>)[name];
  if (typeof Command !== 'function') throw new Error(`no such operation: ${command}`);
  const [first] = await stack.functions();
  const client = new emulated.Client(deployerClient(first?.environment[emulated.variable] ?? ''));
  try {
    return await (client.send.bind(client) as Send)(Reflect.construct(Command, [inputOf(options, folder)]));
  } finally {
    client.destroy();
  }
}

/** `--key-id K` is `KeyId`; an option without a value is true; JSON, numbers and `file://NAME` of the folder are read as such. */
function inputOf(options: readonly string[], folder: string): Readonly<Record<string, unknown>> {
  const given = options.flatMap((word, index): [string, unknown][] => {
    if (!word.startsWith('--')) return [];
    const next = options[index + 1];
    return [[word.slice(2), next === undefined || next.startsWith('--') ? true : readValue(next, folder)]];
  });
  const shown = ['query', 'output'];
  return Object.fromEntries(
    given.filter(([name]) => !shown.includes(name)).map(([name, value]) => [pascal(name), value]),
  );
}

function readValue(text: string, folder: string): unknown {
  if (text.startsWith('file://')) return JSON.parse(readFileSync(join(folder, text.slice('file://'.length)), 'utf8'));
  return /^(?:[[{]|\d+$)/.test(text) ? JSON.parse(text) : text;
}

function pascal(kebab: string): string {
  return kebab.replace(/(?:^|-)(.)/g, (_all, letter: string) => letter.toUpperCase());
}
