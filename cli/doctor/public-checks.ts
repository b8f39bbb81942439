// Checks of what everybody can see: the documents at both base URLs, and how the API refuses. Network, through fetch.
import { isDeepStrictEqual } from 'node:util';
import { fetchWithRetries } from '../fetch.ts';
import type { HttpAnswer, HttpRequest } from '../http-client.ts';
import { NoAnswer } from '../http-client.ts';
import type { Machine } from '../machine.ts';
import { assertPrivate, isLocal } from '../server.ts';
import { UsageError } from '../usage.ts';
import type { Check } from './deployment.ts';
import { unknown, well, wrong } from './finding.ts';
import { checkClock } from './server-checks.ts';

type Document = Readonly<Record<string, unknown>>;

/** The two documents at the two base URLs: where they tell different things, somebody verifies against the wrong keys. */
export const discovery: Check = async (deployment) => {
  const { server, machine } = deployment;
  const { issuer, answered } = deployment.metadata();
  const paths = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];
  const urls = [...paths.map((path) => server.at(path)), ...paths.map((path) => under(issuer, path))];
  const documents = await Promise.all(urls.map((url) => documentAt(url, machine)));
  const differing = documents.flatMap((document, index) => {
    const names = Object.keys(answered.json).filter(
      (name) => Object.hasOwn(document, name) && !isDeepStrictEqual(document[name], answered.json[name]),
    );
    return names.map((name) => `${name} at ${urls[index]?.href}`);
  });
  return differing.length === 0
    ? well(`the same at ${server.at('').origin} and ${issuer}`)
    : wrong(
        `differs: ${differing.join(', ')}`,
        'caches hold five minutes; beyond that the issuer serves another deployment',
      );
};

const algorithms = ['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519'];
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'];

export const jwks: Check = async (deployment) => {
  const { server, machine } = deployment;
  const { jwksUri, answered } = deployment.metadata();
  const urls = [under(jwksUri, ''), server.at('/.well-known/jwks.json')];
  const [published = [], served = []] = await Promise.all(
    urls.map(async (url) => keysIn(await documentAt(url, machine))),
  );
  if (published.length === 0) return wrong(`no key at ${jwksUri}`);
  if (published.some((key) => privateMembers.some((name) => Object.hasOwn(key, name))))
    return wrong('a private key is published', 'docs/runbooks/key-compromise.md, now');
  const odd = published.filter(({ alg, kid }) => typeof kid !== 'string' || !algorithms.includes(String(alg)));
  if (odd.length > 0) return wrong(`${odd.length} keys without a kid, or of an algorithm that is none of ours`);
  const promised = answered.json['id_token_signing_alg_values_supported'];
  const algs = [...new Set(published.map(({ alg }) => String(alg)))].sort();
  const missing = (Array.isArray(promised) ? promised : []).filter((alg) => !algs.includes(String(alg)));
  if (missing.length > 0) return wrong(`discovery names ${missing.join(', ')}, and there is no such key`);
  if (!isDeepStrictEqual(kidsOf(published), kidsOf(served)))
    return wrong('issuer and API publish other keys', 'right for six minutes after a change of keys; look again');
  return well(`${published.length} keys: ${algs.join(', ')}`);
};

export const tls: Check = async (deployment) => {
  const { issuer, jwksUri } = deployment.metadata();
  const urls = [deployment.server.at(''), under(issuer, ''), under(jwksUri, '')];
  if (urls.some(isLocal)) return unknown('plain http on loopback: a local stack');
  // Each was answered over https by a name that its certificate has, or there would be no metadata.
  await documentAt(under(issuer, '/.well-known/oauth-authorization-server'), deployment.machine);
  return well(`certificates of ${[...new Set(urls.map(({ host }) => host))].join(', ')} are trusted`);
};

export const clock: Check = async (deployment) => checkClock(deployment.metadata(), deployment.machine);

/** Nobody without AWS credentials may get past API Gateway. */
export const adminRoutes: Check = async ({ server, machine }) => {
  const asked = ['/admin/suspensions', '/admin/decisions/00000000-0000-4000-8000-000000000000'];
  const answers = await Promise.all(asked.map((path) => answerTo({ url: server.at(path) }, machine)));
  const open = asked.filter((_path, index) => answers[index]?.status !== 403);
  return open.length === 0
    ? well('an anonymous caller is refused')
    : wrong(`an anonymous caller is not refused with 403: ${open.join(', ')}`, 'is this the API base, is it ours?');
};

export const errorAnswers: Check = async ({ server, machine }) => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const requests: readonly (HttpRequest & { readonly wanted: number })[] = [
    { url: server.at('/token'), method: 'POST', headers: form, body: 'grant_type=doctor', wanted: 400 },
    { url: server.at('/token'), method: 'GET', wanted: 405 },
    { url: server.at('/doctor/no-such-path'), method: 'GET', wanted: 404 },
  ];
  const problems = await Promise.all(
    requests.map(async ({ wanted, ...request }) => {
      const problem = errorProblem(await answerTo(request, machine), wanted);
      return problem === undefined ? [] : [`${request.method} ${request.url.pathname}: ${problem}`];
    }),
  );
  const found = problems.flat();
  return found.length === 0 ? well('JSON, and stored nowhere') : wrong(found.join('; '));
};

function errorProblem({ status, headers, body }: HttpAnswer, wanted: number): string | undefined {
  if (status !== wanted) return `status ${status} instead of ${wanted}`;
  if (!/^application\/json/.test(String(headers['content-type']))) return 'no JSON';
  if (!/no-store/.test(String(headers['cache-control']))) return 'caches may store it';
  if (wanted === 405 && headers['allow'] === undefined) return 'it does not say what is allowed';
  return /"error":/.test(body) ? undefined : 'it names no error';
}

function keysIn({ keys }: Document): readonly Document[] {
  return Array.isArray(keys) ? keys.filter((key): key is Document => typeof key === 'object' && key !== null) : [];
}

function kidsOf(keys: readonly Document[]): readonly string[] {
  return keys.map(({ kid }) => String(kid)).sort();
}

/** @throws UsageError for what is no URL, or no private one */
function under(base: string, path: string): URL {
  if (!URL.canParse(path, base)) throw new UsageError(`${base} is no URL`);
  const url = path === '' ? new URL(base) : new URL(path, base);
  assertPrivate(url, 'a URL of discovery');
  return url;
}

async function documentAt(url: URL, machine: Machine): Promise<Document> {
  return (await fetchWithRetries({ url }, machine, { attempts: 2 })).json;
}

/** Any status is an answer here. @throws UsageError without one */
async function answerTo(request: HttpRequest, machine: Machine): Promise<HttpAnswer> {
  return machine.send(request).catch((cause) => {
    if (cause instanceof NoAnswer) throw new UsageError(cause.message);
    throw cause;
  });
}
