// The token a command exchanges: named by an option, piped in, or found where a CI system, a pod or a cloud puts it.

import type { Machine } from '../machine.ts';
import { readText } from '../read-text.ts';
import type { Server } from '../server.ts';
import { UsageError } from '../usage.ts';
import type { FindToken, FoundToken, Search } from './found-token.ts';
import { findInPlace } from './token-places.ts';

export interface SubjectTokenOptions {
  readonly 'token-file'?: string | undefined;
  readonly 'token-env'?: string | undefined;
  readonly 'token-audience'?: string | undefined;
  readonly from?: string | undefined;
}

/** RFC 8693 sets no limit; the server takes no more. */
const maxBytes = 16_384;

/**
 * @param stdin whether a token may be piped in; it can be read once only, so not where tokens are needed again
 * @throws UsageError for options that exclude each other, and later when there is no token
 */
export function tokenFinder(
  options: SubjectTokenOptions,
  server: Server,
  machine: Machine,
  { stdin }: { readonly stdin: boolean },
): FindToken {
  const { 'token-file': file, 'token-env': variable, from } = options;
  if ([file, variable, from].filter((each) => each !== undefined).length > 1) {
    throw new UsageError('give one of --token-file FILE, --token-env NAME and --from aws');
  }
  if (from !== undefined && from !== 'aws') throw new UsageError('--from takes aws');
  const search: Search = { audience: () => audienceOf(options, server, machine), machine };
  if (file !== undefined) return async () => checked({ token: readText(file), from: file });
  if (variable !== undefined) return async () => checked(fromVariable(variable, machine));
  if (from === 'aws') {
    return async () => checked(await (await import('./aws-identity-token.ts')).awsIdentityToken(search));
  }
  return async () => {
    const piped = stdin ? (await machine.readStdin())?.trim() : undefined;
    return checked(piped ? { token: piped, from: 'stdin' } : await findInPlace(search));
  };
}

/** A token that is asked about, not exchanged: named or piped in, never one that lies around. @throws UsageError */
export async function givenToken(options: SubjectTokenOptions, machine: Machine): Promise<FoundToken> {
  const { 'token-file': file, 'token-env': variable } = options;
  if (file !== undefined && variable !== undefined) throw new UsageError('give one of --token-file and --token-env');
  if (file !== undefined) return checked({ token: readText(file), from: file });
  if (variable !== undefined) return checked(fromVariable(variable, machine));
  const token = await machine.readStdin();
  if (!token) throw new UsageError('give --token-file FILE or --token-env NAME, or pipe the token in');
  return checked({ token, from: 'stdin' });
}

async function audienceOf(options: SubjectTokenOptions, server: Server, { environment }: Machine): Promise<string> {
  return options['token-audience'] || environment['CAMBIO_TOKEN_AUDIENCE'] || server.issuer();
}

function fromVariable(name: string, { environment }: Machine): FoundToken {
  const token = environment[name];
  if (!token) throw new UsageError(`the environment has no ${name}`);
  return { token, from: name };
}

/** What is no token must not travel on as a header or a form, and must not be quoted either. @throws UsageError */
export function checked({ token, from }: FoundToken): FoundToken {
  const text = token.trim();
  if (text === '') throw new UsageError(`${from}: empty where a token should be`);
  if (!/^[\x21-\x7e]+$/.test(text)) throw new UsageError(`${from}: not a token: it has spaces or other signs in it`);
  if (text.length > maxBytes) throw new UsageError(`${from}: over ${maxBytes} bytes, more than a token may have`);
  return { token: text, from };
}
