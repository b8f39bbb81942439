// The probe against the protocol itself, in memory: it passes where everything holds, and each thing that does not hold is found by
// its own check.
import { describe, expect, test } from 'vitest';
import { probeTask } from '../../../shared/http/endpoints/probe.ts';
import type { Client, CompiledPolicy } from '../../../shared/policy/compiled-policy.ts';
import { checkNames, type ProbeAnswer, type ProbeCapabilities, probe } from '../../../shared/probe/probe.ts';
import { cambioKey, issuerUrl, makeKey, run, subjectToken } from '../../world.ts';
import { introspected, lifecycle, nobody, revoked, served } from '../oauth/lifecycle-world.ts';

const apiBase = 'https://api.acme.example';
const client: Client = {
  name: 'canary',
  auth: {
    method: 'federated',
    issuer: 'github',
    match: [{ path: 'sub', type: 'string', anyOf: [{ equals: 'canary' }] }],
  },
  introspects: ['orders-api'],
};
const policy: Partial<CompiledPolicy> = { clients: { ...served.clients, canary: client } };

/** What a request is answered; the real answer is changed by whatever a test breaks. */
type Break = (path: string, form: Readonly<Record<string, string>>, answer: ProbeAnswer) => ProbeAnswer;

function deployment(breaks: Break = (_path, _form, answer) => answer, changes: Partial<ProbeCapabilities> = {}) {
  const at = lifecycle(policy);
  let time = 0;
  const answers: Readonly<Record<string, (form: Readonly<Record<string, string>>) => Promise<ProbeAnswer>>> = {
    '/token': async (form) => {
      const outcome = await run(new URLSearchParams(form).toString(), at);
      return 'granted' in outcome
        ? { status: 200, json: { ...outcome.granted } }
        : { status: outcome.status, json: { error: outcome.error } };
    },
    '/introspect': async ({ token = '', ...extra }) => {
      const { answer, error } = await introspected(at, token, nobody, extra);
      const [status, code] = error?.split(/[ /]/) ?? [];
      return error === undefined
        ? { status: 200, json: { active: answer?.active === true } }
        : { status: Number(status), json: { error: code ?? '' } };
    },
    '/revoke': async ({ token = '', ...extra }) => {
      const error = await revoked(at, token, nobody, extra);
      return { status: error === 'done' ? 200 : Number(error.split(' ')[0]), json: {} };
    },
  };
  const capabilities: ProbeCapabilities = {
    ...{ issuer: issuerUrl, apiBase, audience: 'orders-api', client: 'canary' },
    identityToken: async () => subjectToken({ sub: 'canary' }),
    post: async (url, form) => {
      const path = url.slice(apiBase.length);
      return breaks(path, form, (await answers[path]?.(form)) ?? { status: 404, json: undefined });
    },
    get: async (url) =>
      breaks(url.slice(issuerUrl.length), {}, { status: 200, json: { keys: [cambioKey.publicJwk] as never } }),
    clock: () => time,
    sleep: async (milliseconds) => {
      time += milliseconds;
    },
    ...changes,
  };
  return capabilities;
}

const failures = async (capabilities: ProbeCapabilities) => {
  const { checks } = await probe(capabilities);
  return checks.flatMap(({ name, ok, got }) => (ok ? [] : [[name, got]]));
};

/** Of exchanges that should be granted. */
const isGood = (form: Readonly<Record<string, string>>) => form['audience'] === 'orders-api';

describe('the probe', () => {
  test('makes every check and finds nothing where everything holds', async () => {
    const { checks, revocationLatency } = await probe(deployment());
    expect(checks.map(({ name, ok, got }) => [name, ok, got])).toEqual(
      checkNames.map((name) => [name, true, undefined]),
    );
    expect(revocationLatency).toBe(0);
  });

  test.each<[string, Break, readonly (readonly [string, string])[]]>([
    [
      'an exchange is refused',
      (path, form, answer) =>
        path === '/token' && isGood(form) && answer.status === 200
          ? { status: 503, json: { error: 'temporarily_unavailable' } }
          : answer,
      [['exchange', '503 temporarily_unavailable']],
    ],
    [
      'no token comes',
      (path, _form, answer) => (path === '/token' && answer.status === 200 ? { status: 200, json: {} } : answer),
      [['exchange', 'no access_token']],
    ],
    [
      'the key is not published',
      (path, _form, answer) => (path.endsWith('jwks.json') ? { status: 200, json: { keys: [] } } : answer),
      [['key_published', 'the key that signed is not published']],
    ],
    [
      'another key is published by its name',
      (path, _form, answer) =>
        path.endsWith('jwks.json')
          ? { status: 200, json: { keys: [makeKey(cambioKey.kid).publicJwk] as never } }
          : answer,
      [['key_published', 'the published key did not sign it']],
    ],
    [
      'a forged token is taken',
      (path, form, answer) =>
        path === '/token' && isGood(form) && answer.status === 400
          ? { status: 200, json: { access_token: 'x' } }
          : answer,
      [['refuses_forged', '200']],
    ],
    [
      'another target is granted',
      (path, form, answer) => (path === '/token' && !isGood(form) ? { status: 200, json: {} } : answer),
      [['refuses_target', '200']],
    ],
    [
      'a token is not active that is',
      (path, form, answer) =>
        path === '/introspect' && 'client_assertion' in form ? { status: 200, json: { active: false } } : answer,
      [['introspect', 'active is false']],
    ],
    [
      'anybody introspects',
      (path, form, answer) =>
        path === '/introspect' && !('client_assertion' in form) ? { status: 200, json: {} } : answer,
      [['refuses_nobody', '200']],
    ],
    [
      'nothing is revoked',
      (path, _form, answer) => (path === '/revoke' ? { status: 400, json: { error: 'a "secret"' } } : answer),
      [['revoke', '400']],
    ],
    [
      'a revoked token stays active',
      (path, form, answer) =>
        path === '/introspect' && 'client_assertion' in form ? { status: 200, json: { active: true } } : answer,
      [['revocation', 'still active']],
    ],
  ])('finds that %s', async (_what, breaks, expected) => {
    expect(await failures(deployment(breaks))).toEqual(expected);
  });

  test('measures how long a revoked token stays active', async () => {
    let looks = 0;
    const slowly: Break = (path, form, answer) => {
      if (path !== '/introspect' || !('client_assertion' in form)) return answer;
      looks += 1;
      return { status: 200, json: { active: looks < 8 } };
    };
    const { checks, revocationLatency } = await probe(deployment(slowly));
    expect([checks.at(-1)?.ok, revocationLatency]).toEqual([true, 1.5]);
  });

  test('says of an exception its name, never what it says, and goes on without what it could not get', async () => {
    const identityToken = async () => {
      throw Object.assign(new Error(`not ${subjectToken()}`), { name: 'AccessDenied' });
    };
    expect(await failures(deployment(undefined, { identityToken }))).toEqual([['identity', 'AccessDenied']]);
    const get = async () => {
      throw new TypeError('fetch failed');
    };
    expect(await failures(deployment(undefined, { get }))).toEqual([['key_published', 'TypeError']]);
  });
});

test('a run is one line, and fails where a check does; no token is in it', async () => {
  const lines: unknown[] = [];
  const write = (...line: readonly unknown[]) => void lines.push(line);
  await probeTask(deployment(), write)();
  const broken = deployment((path, _form, answer) => (path === '/revoke' ? { status: 500, json: undefined } : answer));
  await expect(probeTask(broken, write)()).rejects.toThrow('the probe failed: revoke');
  expect(lines).toMatchObject([
    ['info', 'probe', { failed: 0, revocation_latency: 0 }, { probe_failures: 0, revocation_latency: 0 }],
    [
      'error',
      'probe',
      { failed: 1, checks: expect.arrayContaining([{ name: 'revoke', ok: false, ms: 0, got: '500' }]) },
      { probe_failures: 1 },
    ],
  ]);
  expect(JSON.stringify(lines)).not.toContain('eyJ');
});
