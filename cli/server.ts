// Which Cambio a command talks to: its API base, and the issuer its discovery document names (RFC 8414).
import { fetchWithRetries } from './fetch.ts';
import type { Machine } from './machine.ts';
import { hostOf } from './proxy.ts';
import { UsageError } from './usage.ts';

export interface Server {
  /** The URL of a path under the API base. */
  readonly at: (path: string) => URL;
  /** `iss` of its tokens; asked once. @throws CallFailed */
  readonly issuer: () => Promise<string>;
}

/** @throws UsageError when the URL is none, or would send tokens in the clear */
export function serverOf(url: string | undefined, machine: Machine): Server {
  const base = baseOf(url || machine.environment['CAMBIO_URL'] || 'http://127.0.0.1:8787');
  const at = (path: string): URL => new URL(`${base}${path}`);
  let issuer: Promise<string> | undefined;
  return {
    at,
    issuer: () => {
      issuer ??= discoverIssuer(at('/.well-known/oauth-authorization-server'), machine).catch((error) => {
        issuer = undefined;
        throw error;
      });
      return issuer;
    },
  };
}

function baseOf(text: string): string {
  const base = text.replace(/\/+$/, '');
  if (!URL.canParse(base)) throw new UsageError(`${text} is no URL`);
  assertPrivate(new URL(base), 'the URL');
  return base;
}

/** Tokens and credentials go over https, or stay on this machine. @throws UsageError */
export function assertPrivate(url: URL, what: string): void {
  if (url.username !== '' || url.password !== '') throw new UsageError(`${what} must not hold a user or a password`);
  if (url.protocol === 'https:' || isLocal(url)) return;
  throw new UsageError(`${what} must be https, or http on loopback`);
}

export function isLocal(url: URL): boolean {
  const host = hostOf(url);
  return url.protocol === 'http:' && (host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host));
}

async function discoverIssuer(url: URL, machine: Machine): Promise<string> {
  const { issuer } = (await fetchWithRetries({ url }, machine)).json;
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) {
    throw new UsageError(`${url.origin} has no discovery document: --url or CAMBIO_URL must be the API base of Cambio`);
  }
  return issuer;
}
