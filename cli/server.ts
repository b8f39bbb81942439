// Which Cambio a command talks to: its API base, and the issuer whose metadata names it (RFC 8414).
import { CallFailed } from './call-failed.ts';
import { fetchWithRetries } from './fetch.ts';
import type { ClientCertificate } from './http-client.ts';
import type { Machine } from './machine.ts';
import { printable } from './printable.ts';
import { hostOf } from './proxy.ts';
import { UsageError } from './usage.ts';

/** A route that is there under another name, too, for callers with a certificate. */
export type Endpoint = '/token' | '/introspect' | '/revoke' | '/credentials' | typeof metadataPath;

export interface Server {
  /** The URL of a path under the API base. */
  readonly at: (path: string) => URL;
  /** Where a caller with a certificate finds it; without one, under the API base. @throws CallFailed, UsageError */
  readonly endpoint: (path: Endpoint) => Promise<URL>;
  /** What is shown there; undefined where the caller has none. Read for each request, so that a rotated one is taken. */
  readonly certificate: ReadCertificate;
  /** `iss` of its tokens, as {@link findIssuer} accepts it; asked once. @throws CallFailed, UsageError */
  readonly issuer: () => Promise<string>;
}

/** @throws UsageError */
type ReadCertificate = () => Promise<ClientCertificate | undefined>;

/**
 * @param certificate of a caller that has one
 * @throws UsageError when the URL is none, or would send tokens in the clear
 */
export function serverOf(url: string | undefined, machine: Machine, certificate?: ReadCertificate): Server {
  const base = baseOf(url || machine.environment['CAMBIO_URL'] || 'http://127.0.0.1:8787');
  const at = (path: string): URL => new URL(`${base}${path}`);
  const read = certificate ?? (async () => undefined);
  const metadata = async () => {
    // Its name may be that for callers with a certificate, where nobody gets in without.
    const request = { url: at(metadataPath), certificate: await read() };
    return (await fetchWithRetries(request, machine)).json;
  };
  const issuer = once(async () => findIssuer(at, await metadata(), machine));
  const aliasBase = once(async () => findAliases(at, await metadata()));
  return {
    at,
    endpoint: async (path) => (certificate ? new URL(`${await aliasBase()}${path}`) : at(path)),
    certificate: read,
    issuer,
  };
}

/** Asked for once, and again after a failure. */
function once<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let answer: Promise<Answer> | undefined;
  return () => {
    answer ??= ask().catch((error) => {
      answer = undefined;
      throw error;
    });
    return answer;
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

type Metadata = Readonly<Record<string, unknown>>;

export const metadataPath = '/.well-known/oauth-authorization-server';

/**
 * The issuer is what tokens of a CI system and assertions of clients are asked for or made for. A server that could name
 * any would get such as are good elsewhere, at a cloud or at another Cambio, and use them there. So it is an https origin
 * whose own metadata names this API, or, on loopback, the API base itself.
 * @see [RFC 8414 §3.3](https://www.rfc-editor.org/rfc/rfc8414.html#section-3.3)
 */
async function findIssuer(at: Server['at'], { issuer }: Metadata, machine: Machine): Promise<string> {
  const base = at('');
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) {
    throw new UsageError(
      `${base.origin} has no discovery document: --url or CAMBIO_URL must be the API base of Cambio`,
    );
  }
  if (isLocal(base) && issuer === withoutSlash(base.href)) return issuer;
  const { protocol, origin } = new URL(issuer);
  if (protocol !== 'https:' || issuer !== origin) throw refusedIssuer(base, issuer, 'it is no https origin');
  const own = await metadataOf(issuer, base, machine);
  const endpoints = [own['token_endpoint'], aliasesOf(own)['token_endpoint']];
  if (own['issuer'] !== issuer || !endpoints.includes(at('/token').href)) {
    throw refusedIssuer(base, issuer, 'its own metadata names another API');
  }
  return issuer;
}

async function metadataOf(issuer: string, base: URL, machine: Machine): Promise<Metadata> {
  try {
    return (await fetchWithRetries({ url: new URL(metadataPath, issuer) }, machine)).json;
  } catch (error) {
    if (error instanceof CallFailed && error.isRefusal)
      throw refusedIssuer(base, issuer, 'it has no metadata of its own');
    throw error;
  }
}

/**
 * The base of the endpoints for callers with a certificate. It is not guessed where the server names none: such a server does not
 * look at certificates.
 * @see [RFC 8705 §5](https://www.rfc-editor.org/rfc/rfc8705.html#section-5)
 */
async function findAliases(at: Server['at'], metadata: Metadata): Promise<string> {
  const { host } = at('');
  const {
    token_endpoint: token,
    introspection_endpoint: introspection,
    revocation_endpoint: revocation,
  } = aliasesOf(metadata);
  if (token === undefined) {
    throw new UsageError(`${host} takes no client certificates: its discovery document has no mtls_endpoint_aliases`);
  }
  const base = String(token).replace(/\/token$/, '');
  const isOne = token === `${base}/token` && introspection === `${base}/introspect` && revocation === `${base}/revoke`;
  if (!isOne || !URL.canParse(base) || new URL(base).protocol !== 'https:') {
    throw new UsageError(`mtls_endpoint_aliases of ${host} are no https endpoints of one API base`);
  }
  assertPrivate(new URL(base), 'mtls_endpoint_aliases');
  return base;
}

function aliasesOf({ mtls_endpoint_aliases: aliases }: Metadata): Metadata {
  return typeof aliases === 'object' && aliases !== null ? (aliases as Metadata) : {};
}

function refusedIssuer(base: URL, issuer: string, problem: string): UsageError {
  const named = `${base.origin} says that its issuer is ${printable(issuer)}, and ${problem}`;
  return new UsageError(
    `${named}: check --url; --token-audience says whom the job’s token is for without asking the server`,
  );
}
