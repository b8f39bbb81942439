// What `cambio doctor` finds out about the server: discovery, keys, and whose clock is right. Network, through fetch.

import { CallFailed } from '../call-failed.ts';
import { adviceWithoutAnswer } from '../failure-text.ts';
import { type Answered, fetchWithRetries } from '../fetch.ts';
import type { Machine } from '../machine.ts';
import { assertPrivate, metadataPath, type Server } from '../server.ts';
import { UsageError } from '../usage.ts';
import { type Found, well, wrong } from './finding.ts';

export interface Metadata {
  readonly answered: Answered;
  readonly issuer: string;
  readonly jwksUri: string;
}

export interface Checked {
  readonly found: Found;
  readonly isReachable: boolean;
  /** Undefined when the server is none. */
  readonly metadata?: Metadata;
}

/** Seconds a clock may be off: tokens are refused at 60. */
const tolerated = 30;

export async function checkServer(server: Server, machine: Machine): Promise<Checked> {
  const url = server.at(metadataPath);
  try {
    const certificate = await server.certificate();
    const answered = await fetchWithRetries({ url, certificate }, machine, { attempts: 1 });
    const { issuer, jwks_uri: jwksUri, token_endpoint: endpoint } = answered.json;
    if (typeof issuer !== 'string' || typeof jwksUri !== 'string') return { found: notCambio, isReachable: true };
    const metadata = { answered, issuer, jwksUri };
    const found =
      endpoint === server.at('/token').href
        ? well(`issuer ${issuer}`)
        : wrong(
            `issuer ${issuer}`,
            `its token endpoint is ${String(endpoint)}: set CAMBIO_URL to what is before /token`,
          );
    return { isReachable: true, metadata, found };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    if (error.facts.status > 0 && error.facts.status < 500) return { found: notCambio, isReachable: true };
    return { isReachable: false, found: wrong(error.message, adviceWithoutAnswer(error.message)) };
  }
}

const notCambio = wrong('no discovery document there', 'CAMBIO_URL or --url must be the API base of Cambio');

/** Whether the name for callers with a certificate is there, and lets this one in. */
export async function checkCertificate(server: Server, machine: Machine): Promise<Found> {
  try {
    const certificate = await server.certificate();
    const url = await server.endpoint(metadataPath);
    await fetchWithRetries({ url, certificate }, machine, { attempts: 1 });
    const { certificateIn } = await import('../token/client-certificate.ts');
    const end = certificateIn(certificate?.cert ?? '')
      ?.validToDate.toISOString()
      .slice(0, 10);
    return well(`let in at ${url.host}, until ${end}`);
  } catch (error) {
    if (error instanceof UsageError) return wrong(error.message);
    if (error instanceof CallFailed) return wrong(error.message, adviceWithoutAnswer(error.message));
    throw error;
  }
}

/** Compares with the Date header, which has whole seconds; a cached answer is as old as its Age header says. */
export function checkClock({ answered: { headers } }: Pick<Metadata, 'answered'>, { clock }: Machine): Found {
  const date = Date.parse(String(headers['date'] ?? ''));
  const age = Number(headers['age'] ?? 0);
  if (Number.isNaN(date)) return well('the server does not say what time it is');
  const ahead = Math.round(clock() / 1_000 - date / 1_000 - (Number.isFinite(age) ? age : 0));
  const found =
    ahead === 0 ? 'as the server’s' : `${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} the server’s`;
  return Math.abs(ahead) <= tolerated ? well(found) : wrong(found, 'set the clock of this machine (NTP)');
}

export async function checkKeys({ jwksUri }: Metadata, machine: Machine): Promise<Found> {
  try {
    if (!URL.canParse(jwksUri)) throw new UsageError('jwks_uri is no URL');
    const url = new URL(jwksUri);
    assertPrivate(url, 'jwks_uri');
    const { keys } = (await fetchWithRetries({ url }, machine, { attempts: 1 })).json;
    const count = Array.isArray(keys) ? keys.length : 0;
    return (count > 0 ? well : wrong)(`${count} at ${url.href}`);
  } catch (error) {
    if (error instanceof UsageError || error instanceof CallFailed) return wrong(error.message);
    throw error;
  }
}
