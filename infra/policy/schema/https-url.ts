// Which URLs a policy may name: exactly as every URL parser would write them, https, no tricks. Pure.

const loopback = /^https?:\/\/(127\.0\.0\.1|localhost)(:[0-9]{1,5})?(\/|$)/;

/** `127.0.0.1` and `localhost` at any port, which only the local stack allows. */
export function isLoopbackUrl(url: string): boolean {
  return loopback.test(url);
}

/**
 * What is wrong with a URL that is compared as a string and fetched later, or undefined.
 * The string is compared with what a parser makes of it: case, default ports, dot segments, odd spellings of IP
 * addresses and invisible characters all show as a difference.
 */
export function urlProblem(url: string, local: boolean): string | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) return 'is not an absolute URL';
  if (isLoopbackUrl(url)) {
    if (!local) return 'is on loopback, which only the local stack allows';
  } else if (parsed.protocol !== 'https:') return 'must begin with https://';
  if (parsed.username !== '' || parsed.password !== '') return 'cannot carry a user name or password';
  if (url.includes('?')) return 'cannot have a query';
  if (url.includes('#')) return 'cannot have a fragment';
  if (parsed.href !== url && parsed.href !== `${url}/`) return `is not in its exact form, ${parsed.href}`;
  return hostProblem(parsed.hostname, isLoopbackUrl(url));
}

function hostProblem(host: string, allowedLoopback: boolean): string | undefined {
  if (host.endsWith('.')) return 'cannot have a host that ends with a dot';
  if (allowedLoopback) return undefined;
  const isLocal = /^(.*\.)?localhost$|^127\.|^0\.|^169\.254\.|^\[(::|fe[89ab])/.test(host);
  return isLocal ? 'is on a loopback or link-local host' : undefined;
}

/** What to do about any of these problems. */
export const urlHint = 'write it as the vendor does: https, lower-case host, no port, user, query or fragment';
