// Who may use the page's server: nothing that another web page sends, no Host that DNS rebinding brought, and, where the page
// acts with an operator's credentials, only a browser that has traded the secret of this start for its cookie. Pure.
import { createHash, timingSafeEqual } from 'node:crypto';
import { answerText, type PageAnswer, type PageRequest, refuse } from './page-message.ts';

export interface Door {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Undefined where whoever reaches the port could do the same without the page. */
  readonly secret?: Secret | undefined;
}

export interface Secret {
  /** In the URL that is printed. */
  readonly ofUrl: string;
  /** In the cookie: the URL stays in a history and on a screen. */
  readonly ofCookie: string;
}

/** Undefined for a request that may pass. */
export function turnedAway(request: PageRequest, { origin, secret }: Door): PageAnswer | undefined {
  const host = request.header('host') ?? '';
  if (!hostsOf(origin).includes(host)) return refuse(403, 'access_denied', 'this Host is not served here');
  const from = request.header('origin');
  if (from !== undefined && from !== `http://${host}`) return refuse(403, 'access_denied', 'this Origin may not ask');
  if (!isSameSite(request)) return refuse(403, 'access_denied', 'another site may not ask');
  return secret && withoutSecret(request, secret, cookieNameOf(origin));
}

/** A link of another site may show the page, which has nothing of its own in it; every other request comes from the page. */
function isSameSite({ method, path, header }: PageRequest): boolean {
  if (['none', 'same-origin'].includes(header('sec-fetch-site') ?? 'none')) return true;
  return method === 'GET' && path === '/' && header('sec-fetch-mode') === 'navigate';
}

function withoutSecret(request: PageRequest, secret: Secret, name: string): PageAnswer | undefined {
  const given = request.path === '/' ? new URLSearchParams(request.query).get('secret') : null;
  if (given !== null && isSame(given, secret.ofUrl)) {
    const cookie = `${name}=${secret.ofCookie}; Path=/; HttpOnly; SameSite=Strict`;
    // 303, so that the secret leaves the address bar.
    return answerText(303, 'the page is at /\n', { location: '/', 'set-cookie': cookie });
  }
  if (cookiesOf(request, name).some((value) => isSame(value, secret.ofCookie))) return undefined;
  return answerText(403, 'Open the URL that cambio console printed: it has the secret of this start.\n');
}

function hostsOf(origin: string): readonly string[] {
  const { host } = new URL(origin);
  return [host, host.replace('127.0.0.1', 'localhost')];
}

/** Cookies know no ports: those of two consoles must not replace each other. */
function cookieNameOf(origin: string): string {
  return `cambio-console-${new URL(origin).port}`;
}

function cookiesOf({ header }: PageRequest, name: string): readonly string[] {
  const pairs = (header('cookie') ?? '').split(';').map((pair) => pair.trim());
  return pairs.flatMap((pair) => (pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []));
}

function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
