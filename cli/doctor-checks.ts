// What `cambio doctor` finds out about the server: discovery, keys, and whose clock is right. Network, through fetch.

import { CallFailed } from './call-failed.ts';
import { adviceWithoutAnswer } from './failure-text.ts';
import { type Answered, fetchWithRetries } from './fetch.ts';
import type { Machine } from './machine.ts';
import { assertPrivate, type Server } from './server.ts';
import { UsageError } from './usage.ts';

export interface Finding {
  readonly isWell: boolean;
  readonly what: string;
  readonly found: string;
  readonly advice?: string | undefined;
}

export interface Metadata {
  readonly answered: Answered;
  readonly issuer: string;
  readonly jwksUri: string;
}

export interface Checked {
  readonly finding: Finding;
  readonly isReachable: boolean;
  /** Undefined when the server is none. */
  readonly metadata?: Metadata;
}

/** Seconds a clock may be off: tokens are refused at 60. */
const tolerated = 30;

export async function checkServer(server: Server, machine: Machine): Promise<Checked> {
  const what = 'server';
  const url = server.at('/.well-known/oauth-authorization-server');
  try {
    const answered = await fetchWithRetries({ url }, machine, { attempts: 1 });
    const { issuer, jwks_uri: jwksUri, token_endpoint: endpoint } = answered.json;
    if (typeof issuer !== 'string' || typeof jwksUri !== 'string') return { ...notCambio(what), isReachable: true };
    const metadata = { answered, issuer, jwksUri };
    const isBase = endpoint === server.at('/token').href;
    const advice = isBase
      ? undefined
      : `its token endpoint is ${String(endpoint)}: set CAMBIO_URL to what is before /token`;
    return { isReachable: true, metadata, finding: { isWell: isBase, what, found: `issuer ${issuer}`, advice } };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    if (error.facts.status > 0 && error.facts.status < 500) return { ...notCambio(what), isReachable: true };
    const finding = { isWell: false, what, found: error.message, advice: adviceWithoutAnswer(error.message) };
    return { isReachable: false, finding };
  }
}

function notCambio(what: string): { readonly finding: Finding } {
  const advice = 'CAMBIO_URL or --url must be the API base of Cambio';
  return { finding: { isWell: false, what, found: 'no discovery document there', advice } };
}

/** Compares with the Date header, which has whole seconds; a cached answer is as old as its Age header says. */
export function checkClock({ answered: { headers } }: Metadata, { clock }: Machine): Finding {
  const date = Date.parse(String(headers['date'] ?? ''));
  const age = Number(headers['age'] ?? 0);
  if (Number.isNaN(date)) return { isWell: true, what: 'clock', found: 'the server does not say what time it is' };
  const ahead = Math.round(clock() / 1_000 - date / 1_000 - (Number.isFinite(age) ? age : 0));
  const isWell = Math.abs(ahead) <= tolerated;
  const found =
    ahead === 0 ? 'as the server’s' : `${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} the server’s`;
  return { isWell, what: 'clock', found, advice: isWell ? undefined : 'set the clock of this machine (NTP)' };
}

export async function checkKeys({ jwksUri }: Metadata, machine: Machine): Promise<Finding> {
  const what = 'keys';
  try {
    if (!URL.canParse(jwksUri)) throw new UsageError('jwks_uri is no URL');
    const url = new URL(jwksUri);
    assertPrivate(url, 'jwks_uri');
    const { keys } = (await fetchWithRetries({ url }, machine, { attempts: 1 })).json;
    const count = Array.isArray(keys) ? keys.length : 0;
    return { isWell: count > 0, what, found: `${count} at ${url.href}` };
  } catch (error) {
    if (error instanceof UsageError || error instanceof CallFailed)
      return { isWell: false, what, found: error.message };
    throw error;
  }
}
