// Which Cambio a command talks to: its API base, and the issuer whose metadata names it (RFC 8414).
import { CallFailed } from './call-failed.ts';
import { fetchWithRetries } from './fetch.ts';
import type { Machine } from './machine.ts';
import { printable } from './printable.ts';
import { hostOf } from './proxy.ts';
import { UsageError } from './usage.ts';

export interface Server {
  /** The URL of a path under the API base. */
  readonly at: (path: string) => URL;
  /** `iss` of its tokens, as {@link findIssuer} accepts it; asked once. @throws CallFailed, UsageError */
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
      issuer ??= findIssuer(at, machine).catch((error) => {
        issuer = undefined;
        throw error;
      });
      return issuer;
    },
  };
}

function baseOf(text: string): string {
  const base = withoutSlash(text);
  if (!URL.canParse(base)) throw new UsageError(`${text} is no URL`);
  assertPrivate(new URL(base), 'the URL');
  return base;
}

function withoutSlash(text: string): string {
  return text.replace(/\/+$/, '');
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

const metadataPath = '/.well-known/oauth-authorization-server';

/**
 * The issuer is what tokens of a CI system and assertions of clients are asked for or made for. A server that could name
 * any would get such as are good elsewhere, at a cloud or at another Cambio, and use them there. So it is an https origin
 * whose own metadata names this API, or, on loopback, the API base itself.
 * @see [RFC 8414 §3.3](https://www.rfc-editor.org/rfc/rfc8414.html#section-3.3)
 */
async function findIssuer(at: Server['at'], machine: Machine): Promise<string> {
  const base = at('');
  const { issuer } = (await fetchWithRetries({ url: at(metadataPath) }, machine)).json;
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) {
    throw new UsageError(
      `${base.origin} has no discovery document: --url or CAMBIO_URL must be the API base of Cambio`,
    );
  }
  if (isLocal(base) && issuer === withoutSlash(base.href)) return issuer;
  const { protocol, origin } = new URL(issuer);
  if (protocol !== 'https:' || issuer !== origin) throw refusedIssuer(base, issuer, 'it is no https origin');
  const own = await metadataOf(issuer, base, machine);
  if (own['issuer'] !== issuer || own['token_endpoint'] !== at('/token').href) {
    throw refusedIssuer(base, issuer, 'its own metadata names another API');
  }
  return issuer;
}

async function metadataOf(issuer: string, base: URL, machine: Machine): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await fetchWithRetries({ url: new URL(metadataPath, issuer) }, machine)).json;
  } catch (error) {
    if (error instanceof CallFailed && error.isRefusal)
      throw refusedIssuer(base, issuer, 'it has no metadata of its own');
    throw error;
  }
}

function refusedIssuer(base: URL, issuer: string, problem: string): UsageError {
  const named = `${base.origin} says that its issuer is ${printable(issuer)}, and ${problem}`;
  return new UsageError(
    `${named}: check --url; --token-audience says whom the job’s token is for without asking the server`,
  );
}
