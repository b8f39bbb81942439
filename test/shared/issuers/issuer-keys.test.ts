import { generateKeyPairSync } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { createFetchJson, type FetchJson } from '../../../shared/issuers/fetch-json.ts';
import { createIssuerKeys, type IssuerKeysLimits, IssuerUnavailable } from '../../../shared/issuers/issuer-keys.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import type { KeySource, TrustedIssuer } from '../../../shared/policy/compiled-policy.ts';
import { selfSigned } from './certificate.ts';
import { json, type LoopbackServer, serveHttp, serveHttps } from './loopback-server.ts';

const DISCOVERY = '/.well-known/openid-configuration';
const MINUTE = 60_000;
const DOWN = 'down';

const open: LoopbackServer[] = [];
const http = async (answer: RequestListener) => {
  const server = await serveHttp(answer);
  open.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const jwks = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }));
const named = (kid: string, index = 0) => ({ ...jwks[index], kid });
const header = (kid?: string) => ({ alg: 'ES256', kid });

/** An issuer whose two documents are values that a test changes; a value may be DOWN or a listener of its own. */
async function createIssuer(path = '') {
  const documents: Record<'discovery' | 'keys', unknown> = { discovery: undefined, keys: { keys: [named('a')] } };
  const server = await http((request, response) => {
    const document = request.url === `${path}${DISCOVERY}` ? documents.discovery : documents.keys;
    if (document === DOWN) response.writeHead(500).end();
    else if (typeof document === 'function') document(request, response);
    else json(document)(request, response);
  });
  const url = `${server.url}${path}`;
  documents.discovery = { issuer: url, jwks_uri: `${server.url}/keys` };
  return { documents, url, requests: server.requests, server };
}

function trust(url: string, keys: KeySource = { from: 'discovery' }, name = 'ci'): TrustedIssuer {
  return {
    name,
    url,
    keys,
    network: 'loopback',
    audiences: ['https://sts.example'],
    claims: {},
    algorithms: ['ES256'],
    tokenTypes: [],
    maxLifetime: 86_400,
    clockSkew: 60,
  };
}

function createFinder(limits: Partial<IssuerKeysLimits> = {}, fetchJson: FetchJson = createFetchJson()) {
  const clock = { now: 1_800_000_000_000 };
  const findKey = createIssuerKeys({ clock: () => clock.now, fetchJson, limits: { timeoutMs: 5000, ...limits } });
  const kidOf = async (issuer: TrustedIssuer, kid?: string) => {
    try {
      return (await findKey(issuer, header(kid)))?.kid ?? 'none';
    } catch (error) {
      if (!(error instanceof IssuerUnavailable)) throw error;
      return error.code;
    }
  };
  const causeOf = async (issuer: TrustedIssuer) => {
    const error = await findKey(issuer, header('a')).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return error instanceof IssuerUnavailable ? error.cause : error;
  };
  return { clock, kidOf, causeOf };
}

describe('keys come from', () => {
  test('discovery, at the issuer without its trailing slash', async () => {
    const { url, requests, documents } = await createIssuer('/tenant');
    const slashed = `${url}/`;
    expect(await createFinder().kidOf(trust(url), 'a')).toBe('a');
    documents.discovery = { issuer: slashed, jwks_uri: new URL('/keys', url).href };
    expect(await createFinder().kidOf(trust(slashed), 'a')).toBe('a');
    const once = [`/tenant${DISCOVERY}`, '/keys'];
    expect(requests).toEqual([...once, ...once]);
  });

  test('the pinned jwksUri, even on another origin', async () => {
    const { url, requests } = await createIssuer();
    const issuer = trust('https://issuer.example', { from: 'jwksUri', jwksUri: `${url}/keys` });
    expect(await createFinder().kidOf(issuer, 'a')).toBe('a');
    expect(requests).toEqual(['/keys']);
  });

  test('where they are now: an issuer that is put anew, with its keys elsewhere, is not believed by the old ones', async () => {
    const [{ url: old }, { url, documents }] = [await createIssuer(), await createIssuer()];
    documents.keys = { keys: [named('b')] };
    const { kidOf } = createFinder();
    const at = (base: string) => trust('https://issuer.example', { from: 'jwksUri', jwksUri: `${base}/keys` });
    expect([await kidOf(at(old), 'a'), await kidOf(at(old), 'b')]).toEqual(['a', 'none']);
    expect([await kidOf(at(url), 'a'), await kidOf(at(url), 'b')]).toEqual(['none', 'b']);
  });

  test('the policy itself, without any request', async () => {
    const { url, requests } = await createIssuer();
    const { kidOf, clock } = createFinder();
    const issuer = trust(url, { from: 'inline', jwks: { keys: [named('inline')] } });
    expect(await kidOf(issuer, 'inline')).toBe('inline');
    clock.now += 24 * 60 * MINUTE;
    expect([await kidOf(issuer, 'inline'), await kidOf(issuer, 'a')]).toEqual(['inline', 'none']);
    expect(requests).toEqual([]);
  });

  test('the policy itself, unless it holds a private key', async () => {
    const { kidOf } = createFinder();
    const inline = (key: object) => trust('https://issuer.example', { from: 'inline', jwks: { keys: [{ ...key }] } });
    expect(await kidOf(inline({ ...named('a'), d: 'AA' }), 'a')).toBe('issuer_unavailable');
    expect(await kidOf(inline(named('a')), 'a')).toBe('a');
  });
});

test('an unavailable issuer refuses the request as unavailable, naming the issuer and the cause', async () => {
  const { url, documents } = await createIssuer();
  const findKey = createIssuerKeys({ clock: () => 0, fetchJson: createFetchJson() });
  documents.keys = DOWN;
  const error: unknown = await findKey(trust(url), header('a')).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Refused);
  expect(error).toMatchObject({
    code: 'issuer_unavailable',
    message: 'the keys of issuer ci are unavailable',
    denial: { kind: 'unavailable', dependency: 'issuer' },
    cause: { code: 'status', message: 'answered 500' },
  });
});

test('keys in the policy are parsed once', async () => {
  const findKey = createIssuerKeys({ clock: () => 0, fetchJson: createFetchJson() });
  const issuer = trust('https://issuer.example', { from: 'inline', jwks: { keys: [named('a')] } });
  const first = await findKey(issuer, header('a'));
  expect(first?.kid).toBe('a');
  expect(await findKey(issuer, header('a'))).toBe(first);
});

describe('discovery is refused', () => {
  const withDocument = async (change: (url: string) => object | null) => {
    const { url, documents, requests } = await createIssuer();
    const right = documents.discovery as object;
    const changed = change(url);
    documents.discovery = changed && { ...right, ...changed };
    const cause = await createFinder().causeOf(trust(url));
    expect(requests).toEqual(cause === undefined ? [DISCOVERY, '/keys'] : [DISCOVERY]);
    return cause instanceof Error ? cause.message : cause;
  };

  test('when its issuer is not the configured one, byte for byte', async () => {
    expect(await withDocument(() => ({}))).toBeUndefined();
    const wrong = [
      (url: string) => `${url}/`,
      (url: string) => url.replace('http', 'HTTP'),
      () => undefined,
      () => ['x'],
    ];
    for (const issuer of wrong) expect(await withDocument((url) => ({ issuer: issuer(url) }))).toMatch(/`issuer`/);
  });

  test('when jwks_uri is on another origin, with the way out', async () => {
    const sink = await http(json({ keys: [named('a')] }));
    const elsewhere = [
      `${sink.url}/keys`,
      'http://169.254.169.254/latest/meta-data/',
      'https://127.0.0.1/keys',
      'file:///etc/passwd',
      '/keys',
    ];
    for (const jwks_uri of elsewhere) expect(await withDocument(() => ({ jwks_uri }))).toMatch(/pin .*`jwksUri`/);
    for (const user of ['user', 'user:secret', ':secret']) {
      const cause = await withDocument((url) => ({ jwks_uri: `${url.replace('//', `//${user}@`)}/keys` }));
      expect(cause).toMatch(/pin .*`jwksUri`/);
    }
    expect(await withDocument((url) => ({ jwks_uri: `${url.replace('127.0.0.1', 'localhost')}/keys` }))).toMatch(/pin/);
    expect(await withDocument((url) => ({ jwks_uri: `${url}/keys` }))).toBeUndefined();
    expect(sink.requests).toEqual([]);
  });

  test('when jwks_uri is missing or the document is no object', async () => {
    expect(await withDocument(() => ({ jwks_uri: undefined }))).toMatch(/no `jwks_uri`/);
    expect(await withDocument(() => null)).toMatch(/not an object/);
  });
});

describe('a hostile key set makes its issuer unavailable, and no other', () => {
  test.each<[string, unknown]>([
    ['10,000 keys', { keys: Array.from({ length: 10_000 }, () => ({ kty: 'oct' })) }],
    ['51 keys', { keys: Array.from({ length: 51 }, () => ({ kty: 'oct' })) }],
    ['a private member', { keys: [{ ...named('b', 1), d: 'AA' }, named('a')] }],
    ['an array', [named('a')]],
    ['an error status', DOWN],
  ])('%s', async (_, keys) => {
    const [bad, other] = [await createIssuer(), await createIssuer()];
    bad.documents.keys = keys;
    const { kidOf } = createFinder();
    expect(await kidOf(trust(bad.url), 'a')).toBe('issuer_unavailable');
    expect(await kidOf(trust(other.url, { from: 'discovery' }, 'other'), 'a')).toBe('a');
  });

  test('an answer that never comes', async () => {
    const [bad, other] = [await createIssuer(), await createIssuer()];
    const asked = new Promise<void>((resolve) => {
      bad.documents.keys = () => resolve();
    });
    const { kidOf } = createFinder({ timeoutMs: 1000 });
    const waiting = kidOf(trust(bad.url), 'a');
    await asked;
    expect(await kidOf(trust(other.url, { from: 'discovery' }, 'other'), 'a')).toBe('a');
    expect(await waiting).toBe('issuer_unavailable');
  });
});

test('discovery and key set share one deadline', async () => {
  const given: (number | undefined)[] = [];
  const answers = [{ issuer: 'http://localhost', jwks_uri: 'http://localhost/keys' }, { keys: [named('a')] }];
  const clock = { now: 0 };
  const fetchJson: FetchJson = async ({ timeoutMs }) => {
    given.push(timeoutMs);
    clock.now += 700;
    return answers.shift();
  };
  const findKey = createIssuerKeys({ clock: () => clock.now, fetchJson });
  expect((await findKey(trust('http://localhost'), header('a')))?.kid).toBe('a');
  expect(given).toEqual([2000, 1300]);
});

test('keys are as old as the question, not as the answer', async () => {
  const { url, requests } = await createIssuer();
  const clock = { now: 0 };
  const fetchJson: FetchJson = (request) => {
    clock.now += 700;
    return createFetchJson()(request);
  };
  const findKey = createIssuerKeys({ clock: () => clock.now, fetchJson });
  await findKey(trust(url), header('a'));
  clock.now = 5 * MINUTE - 1;
  await findKey(trust(url), header('a'));
  expect(requests).toHaveLength(2);
  clock.now = 5 * MINUTE;
  await findKey(trust(url), header('a'));
  expect(requests).toHaveLength(4);
});

describe('concurrent callers share one fetch', () => {
  test('200 on a cold cache', async () => {
    const { url, requests } = await createIssuer();
    const { kidOf } = createFinder();
    const found = await Promise.all(Array.from({ length: 200 }, () => kidOf(trust(url), 'a')));
    expect(new Set(found)).toEqual(new Set(['a']));
    expect(requests).toEqual([DISCOVERY, '/keys']);
  });

  test('200 on a cold cache with random kids', async () => {
    const { url, requests } = await createIssuer();
    const { kidOf } = createFinder();
    const found = await Promise.all(Array.from({ length: 200 }, (_, i) => kidOf(trust(url), `random-${i}`)));
    expect(new Set(found)).toEqual(new Set(['none']));
    expect(requests).toEqual([DISCOVERY, '/keys']);
  });

  test('200 with random kids cause one refetch, and none for 30 s more', async () => {
    const { url, requests } = await createIssuer();
    const { kidOf, clock } = createFinder();
    const flood = () =>
      Promise.all(Array.from({ length: 200 }, (_, i) => kidOf(trust(url), `random-${clock.now}-${i}`)));
    const once = [DISCOVERY, '/keys'];
    expect(await kidOf(trust(url), 'a')).toBe('a');
    expect(new Set(await flood())).toEqual(new Set(['none']));
    expect(requests).toEqual([...once, ...once]);
    clock.now += 29_999;
    await flood();
    expect(requests).toEqual([...once, ...once]);
    clock.now += 1;
    await flood();
    expect(requests).toEqual([...once, ...once, ...once]);
    expect(await kidOf(trust(url), 'a')).toBe('a');
  });

  test('200 with a key the issuer has just added all wait for the one refetch', async () => {
    const { url, documents, requests } = await createIssuer();
    const { kidOf } = createFinder();
    expect(await kidOf(trust(url), 'a')).toBe('a');
    documents.keys = { keys: [named('a'), named('b', 1)] };
    const found = await Promise.all(Array.from({ length: 200 }, () => kidOf(trust(url), 'b')));
    expect(new Set(found)).toEqual(new Set(['b']));
    expect(requests).toHaveLength(4);
  });

  test('a flood against one issuer leaves the refetch of another', async () => {
    const [flooded, other] = [await createIssuer(), await createIssuer()];
    const { kidOf } = createFinder();
    const otherIssuer = trust(other.url, { from: 'discovery' }, 'other');
    expect(await kidOf(otherIssuer, 'a')).toBe('a');
    await Promise.all(Array.from({ length: 50 }, (_, i) => kidOf(trust(flooded.url), `random-${i}`)));
    other.documents.keys = { keys: [named('new')] };
    expect(await kidOf(otherIssuer, 'new')).toBe('new');
  });
});

describe('over time', () => {
  test('a key the issuer adds is found after one refetch', async () => {
    const { url, documents, requests } = await createIssuer();
    const { kidOf } = createFinder();
    expect(await kidOf(trust(url), 'a')).toBe('a');
    documents.keys = { keys: [named('a'), named('b', 1)] };
    expect(await kidOf(trust(url), 'b')).toBe('b');
    expect(await kidOf(trust(url), 'a')).toBe('a');
    expect(requests).toHaveLength(4);
  });

  test('a key the issuer removes is gone after five minutes', async () => {
    const { url, documents } = await createIssuer();
    const { kidOf, clock } = createFinder();
    documents.keys = { keys: [named('a'), named('b', 1)] };
    expect(await kidOf(trust(url), 'b')).toBe('b');
    documents.keys = { keys: [named('a')] };
    clock.now += 5 * MINUTE - 1;
    expect(await kidOf(trust(url), 'b')).toBe('b');
    clock.now += 1;
    expect([await kidOf(trust(url), 'b'), await kidOf(trust(url), 'a')]).toEqual(['none', 'a']);
  });

  test('discovery is repeated with the keys, so that a moved jwks_uri is found', async () => {
    const { url, documents, requests } = await createIssuer();
    const { kidOf, clock } = createFinder();
    expect(await kidOf(trust(url), 'a')).toBe('a');
    documents.discovery = { issuer: url, jwks_uri: `${url}/moved` };
    clock.now += 5 * MINUTE;
    expect(await kidOf(trust(url), 'a')).toBe('a');
    expect(requests).toEqual([DISCOVERY, '/keys', DISCOVERY, '/moved']);
  });

  test('an outage is bridged for an hour since the last good answer, then fails closed, then heals', async () => {
    const { url, documents } = await createIssuer();
    const { kidOf, clock } = createFinder();
    expect(await kidOf(trust(url), 'a')).toBe('a');
    documents.keys = DOWN;
    clock.now += 30 * MINUTE;
    expect(await kidOf(trust(url), 'a')).toBe('a');
    clock.now += 30 * MINUTE - 1;
    expect(await kidOf(trust(url), 'a')).toBe('a');
    clock.now += 1;
    expect(await kidOf(trust(url), 'a')).toBe('issuer_unavailable');
    documents.keys = { keys: [named('a')] };
    clock.now += 10_000;
    expect(await kidOf(trust(url), 'a')).toBe('a');
  });

  test('a hijacked discovery document is an outage: the good keys stay, for their hour', async () => {
    const { url, documents } = await createIssuer();
    const { kidOf, clock } = createFinder();
    expect(await kidOf(trust(url), 'a')).toBe('a');
    documents.discovery = { issuer: `${url}/`, jwks_uri: `${url}/keys` };
    clock.now += 59 * MINUTE;
    expect(await kidOf(trust(url), 'a')).toBe('a');
    clock.now += MINUTE;
    expect(await kidOf(trust(url), 'a')).toBe('issuer_unavailable');
  });

  test('a failed issuer is left alone for ten seconds, old keys served meanwhile', async () => {
    const { url, documents, requests } = await createIssuer();
    const { kidOf, clock } = createFinder();
    documents.discovery = DOWN;
    const cold = await Promise.all(Array.from({ length: 50 }, () => kidOf(trust(url), 'a')));
    expect(new Set(cold)).toEqual(new Set(['issuer_unavailable']));
    clock.now += 9_999;
    expect(await kidOf(trust(url), 'a')).toBe('issuer_unavailable');
    expect(requests).toEqual([DISCOVERY]);
    documents.discovery = { issuer: url, jwks_uri: `${url}/keys` };
    clock.now += 1;
    expect(await kidOf(trust(url), 'a')).toBe('a');
    documents.keys = DOWN;
    clock.now += 5 * MINUTE;
    for (let i = 0; i < 5; i++) expect(await kidOf(trust(url), 'a')).toBe('a');
    for (let i = 0; i < 5; i++) expect(await kidOf(trust(url), `random-${i}`)).toBe('issuer_unavailable');
    expect(requests).toHaveLength(5);
  });

  test('an unknown kid is unavailable, not refused, while the issuer cannot be asked', async () => {
    const { url, documents } = await createIssuer();
    const { kidOf, clock } = createFinder();
    expect([await kidOf(trust(url), 'a'), await kidOf(trust(url), 'b')]).toEqual(['a', 'none']);
    documents.keys = DOWN;
    clock.now += 5 * MINUTE;
    expect([await kidOf(trust(url), 'a'), await kidOf(trust(url), 'b')]).toEqual(['a', 'issuer_unavailable']);
    documents.keys = { keys: [named('a'), named('b', 1)] };
    clock.now += 10_000;
    expect([await kidOf(trust(url), 'b'), await kidOf(trust(url), 'c')]).toEqual(['b', 'none']);
  });

  test('a clock that was set back does not keep keys for ever', async () => {
    const { url, documents } = await createIssuer();
    const { kidOf, clock } = createFinder();
    expect(await kidOf(trust(url), 'a')).toBe('a');
    documents.keys = { keys: [named('b', 1)] };
    clock.now -= 60 * MINUTE;
    expect([await kidOf(trust(url), 'a'), await kidOf(trust(url), 'b')]).toEqual(['none', 'b']);
  });

  test('refreshes are spread by up to a fifth', async () => {
    const { url, requests } = await createIssuer();
    const clock = { now: 0 };
    const findKey = createIssuerKeys({ clock: () => clock.now, fetchJson: createFetchJson(), random: () => 0.5 });
    await findKey(trust(url), header('a'));
    clock.now += 4.5 * MINUTE - 1;
    await findKey(trust(url), header('a'));
    expect(requests).toHaveLength(2);
    clock.now += 1;
    await findKey(trust(url), header('a'));
    expect(requests).toHaveLength(4);
  });
});

test('issuers never share keys, whatever their kids and URLs', async () => {
  const [first, second] = [await createIssuer(), await createIssuer()];
  second.documents.keys = { keys: [named('b', 1)] };
  const { kidOf } = createFinder();
  const one = trust(first.url, { from: 'discovery' }, 'one');
  const two = trust(second.url, { from: 'discovery' }, 'two');
  const twin = trust(first.url, { from: 'jwksUri', jwksUri: `${second.url}/keys` }, 'twin');
  expect([await kidOf(one, 'a'), await kidOf(two, 'a'), await kidOf(twin, 'a')]).toEqual(['a', 'none', 'none']);
  expect([await kidOf(one, 'b'), await kidOf(two, 'b'), await kidOf(twin, 'b')]).toEqual(['none', 'b', 'b']);
});

test('an issuer or client that says elsewhere where its keys are has no longer those it had', async () => {
  const [before, after] = [await createIssuer(), await createIssuer()];
  after.documents.keys = { keys: [named('b', 1)] };
  const { kidOf } = createFinder();
  const from = (url: string): KeySource => ({ from: 'jwksUri', jwksUri: `${url}/keys` });
  const [old, changed] = [
    trust('https://idp.example', from(before.url)),
    trust('https://idp.example', from(after.url)),
  ];
  expect([await kidOf(old, 'a'), await kidOf(changed, 'a'), await kidOf(changed, 'b')]).toEqual(['a', 'none', 'b']);
});

test.each([
  '__proto__',
  'constructor',
  '',
  '../../dev/null',
  "' or 1=1",
  'k'.repeat(10_240),
])('the unknown kid %j finds nothing', async (kid) => {
  const { url } = await createIssuer();
  const { kidOf } = createFinder();
  expect([await kidOf(trust(url), kid), await kidOf(trust(url), 'a'), await kidOf(trust(url))]).toEqual([
    'none',
    'a',
    'a',
  ]);
});

test('no more issuers are remembered than the limit allows', async () => {
  const { url, requests } = await createIssuer();
  const { kidOf } = createFinder({ maxIssuers: 2 });
  const asked = async (name: string) => {
    const before = requests.length;
    expect(await kidOf(trust(url, { from: 'jwksUri', jwksUri: `${url}/keys` }, name), 'a')).toBe('a');
    return requests.length > before;
  };
  expect([await asked('one'), await asked('two'), await asked('one'), await asked('three')]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  expect([await asked('two'), await asked('three'), await asked('one')]).toEqual([false, false, true]);
});

describe('an issuer with an authority of its own', () => {
  const ours = selfSigned({ notBefore: new Date(0), notAfter: new Date('2999-01-01'), ip: '127.0.0.1' });
  const theirs = selfSigned({ notBefore: new Date(0), notAfter: new Date('2999-01-01'), ip: '127.0.0.1' });

  async function https() {
    const server = await serveHttps(ours, (request, response) => {
      const discovery = { issuer: server.url, jwks_uri: `${server.url}/keys` };
      json(request.url === DISCOVERY ? discovery : { keys: [named('a')] })(request, response);
    });
    open.push(server);
    return server;
  }

  test.each(['discovery', 'jwksUri'] as const)('is reached by that alone, by %s', async (from) => {
    const server = await https();
    const keys: KeySource = from === 'discovery' ? { from } : { from, jwksUri: `${server.url}/keys` };
    const issuer = trust(server.url, keys);
    const kid = (ca?: string) => createFinder().kidOf({ ...issuer, ...(ca !== undefined && { ca }) }, 'a');
    expect(await kid(theirs.cert)).toBe('issuer_unavailable');
    expect(await kid()).toBe('issuer_unavailable');
    expect(server.requests).toEqual([]);
    expect(await kid(ours.cert)).toBe('a');
    expect(server.requests).toEqual(from === 'discovery' ? [DISCOVERY, '/keys'] : ['/keys']);
  });

  test('is still at an address its network allows, or it is not reached', async () => {
    const server = await https();
    const issuer = { ...trust(server.url), ca: ours.cert };
    expect(await createFinder().kidOf({ ...issuer, network: 'private' }, 'a')).toBe('issuer_unavailable');
    expect(server.requests).toEqual([]);
    expect(await createFinder().kidOf(issuer, 'a')).toBe('a');
  });
});
