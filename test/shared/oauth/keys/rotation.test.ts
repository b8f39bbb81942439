// A year of the keys' life by a clock of its own, with verifiers that hold old JWK Sets, a rotation that is killed anywhere, and a
// compromise on each day.
import { describe, expect, test } from 'vitest';
import { currentKey, publicKeySet, type SigningKey, useOf } from '../../../../shared/oauth/jose/keyring.ts';
import { cacheLifetimes, forgottenWithin, keptFor, publishedFor } from '../../../../shared/oauth/keys/key-times.ts';
import { type RevokeKeyCapabilities, revokeKey } from '../../../../shared/oauth/keys/revoke-key.ts';
import { type KeyringItem, type RotateCapabilities, rotate } from '../../../../shared/oauth/keys/rotate.ts';
import { dueStep, type KeyStep, type MadeKey, rotatedFrom } from '../../../../shared/oauth/keys/rotation.ts';
import type { KeyPurpose } from '../../../../shared/policy/key-purposes.ts';

const day = 86_400;
const every = 90 * day;
const start = 1_795_000_000;
const token: KeyPurpose = { use: 'token', alg: 'ES256' };
const purposes: readonly KeyPurpose[] = [token, { use: 'status', alg: 'ES256' }, { use: 'answer', alg: 'RS256' }];

const templateKey = ({ use, alg }: KeyPurpose): SigningKey => ({
  ...{ kid: `${use}.template-${alg}`, alg, keyId: `arn:template-${use}-${alg}`, state: 'current', publicJwk: {} },
  ...{ createdAt: start, since: start, ofTemplate: true },
});

class Killed extends Error {}

type Changeable<Given> = { -readonly [Name in keyof Given]: Given[Name] };
type RevokesKeys = Pick<RevokeKeyCapabilities, 'revokeSignedBy'>;

/** A keyring and a KMS in memory. `killAt`: the call, counted from the first, that is made and never answered. */
function world(keys: readonly SigningKey[] = purposes.map(templateKey)) {
  const state = { now: start, killAt: Number.POSITIVE_INFINITY, calls: 0, made: 0 };
  let item: KeyringItem = { keys, version: 1, text: '1' };
  const kms = { enabled: new Set(keys.map(({ keyId }) => keyId)), ending: new Set<string>() };
  const steps: KeyStep[] = [];
  const revocations = new Map<string, number>();
  /** The work is done, and whoever did it is killed before it is told. */
  const answered = <Answer>(answer: Answer): Answer => {
    state.calls += 1;
    if (state.calls === state.killAt) throw new Killed();
    return answer;
  };
  const capabilities: Changeable<RotateCapabilities> & RevokesKeys = {
    store: {
      read: async () => item,
      replace: async (read, next) => {
        if (read.version !== item.version) return answered(false);
        item = { keys: next, version: item.version + 1, text: String(item.version + 1) };
        return answered(true);
      },
    },
    kms: {
      make: async ({ use, alg }): Promise<MadeKey> => {
        state.made += 1;
        const keyId = `arn:${use}-${alg}-${state.made}`;
        kms.enabled.add(keyId);
        return answered({ keyId, thumbprint: `${alg}-${state.made}`, publicJwk: {} });
      },
      disable: async (keyId) => {
        kms.enabled.delete(keyId);
        answered(undefined);
      },
      scheduleDeletion: async (keyId) => {
        kms.enabled.delete(keyId);
        kms.ending.add(keyId);
        answered(undefined);
      },
    },
    revokeSignedBy: async (kid, issuedBefore) => {
      revocations.set(kid, issuedBefore);
      answered(undefined);
    },
    publish: async () => answered(undefined),
    terms: { purposes, every },
    now: () => state.now,
    onStep: (step) => void steps.push(step),
  };
  const keyOf = (kid: string) => item.keys.find((key) => key.kid === kid);
  return {
    ...{ state, kms, steps, capabilities, revocations, keyOf },
    keys: () => item.keys,
    published: () => publicKeySet({ keys: item.keys }).keys.map(({ kid }) => String(kid)),
    current: (purpose = token) => currentKey({ keys: item.keys }, purpose)?.kid ?? expect.fail('no current key'),
    mark: () => capabilities.store.replace(item, rotatedFrom(item.keys, state.now)),
    run: () => rotate(capabilities),
  };
}

const statesOf = (keys: readonly SigningKey[], use = 'token') =>
  keys.filter((key) => useOf(key) === use).map(({ kid, state }) => `${kid} ${state}`);

/** Its KMS, where somebody else rotates once the first key is made, and is done before that is told. */
function kmsWithRival({ capabilities: { kms }, run }: ReturnType<typeof world>): RotateCapabilities['kms'] {
  let rival: Promise<unknown> | undefined;
  const make: typeof kms.make = async (purpose) => {
    const made = await kms.make(purpose);
    rival ??= run();
    await rival;
    return made;
  };
  return { ...kms, make };
}

describe('a rotation', () => {
  test('publishes a key before it signs, and after it signed until nothing is good that it signed', async () => {
    const at = world();
    await at.run();
    const [first, second, third] = ['token.template-ES256', 'token.ES256-1', 'token.ES256-4'];
    expect(statesOf(at.keys())).toEqual([`${first} current`, `${second} next`]);
    at.state.now = start + every - 1;
    await at.run();
    expect(at.current()).toBe(first);
    at.state.now = start + every;
    await at.run();
    expect(statesOf(at.keys())).toEqual([`${first} previous`, `${second} current`, `${third} next`]);
    at.state.now = start + every + keptFor - 1;
    await at.run();
    expect(at.published()).toContain(first);
    expect(at.kms.enabled).toContain('arn:template-token-ES256');
    at.state.now += 1;
    await at.run();
    expect(at.published()).not.toContain(first);
    // What is the stack's is disabled; its deletion is left to the stack.
    expect([at.kms.enabled.has('arn:template-token-ES256'), [...at.kms.ending]]).toEqual([false, []]);
    at.state.now = start + 2 * every + keptFor;
    await at.run();
    at.state.now += keptFor;
    await at.run();
    expect(at.kms.ending).toContain('arn:token-ES256-1');
    expect(at.keys()).toHaveLength(2 * purposes.length);
  });

  test('that somebody asks for is at once where the next key is known, and where not as soon as it is', async () => {
    const at = world();
    await at.mark();
    await at.run();
    expect(at.current()).toBe('token.template-ES256');
    at.state.now += publishedFor - 1;
    await at.run();
    expect(at.current()).toBe('token.template-ES256');
    at.state.now += 1;
    await at.run();
    expect(at.current()).toBe('token.ES256-1');
    at.state.now += publishedFor;
    await at.mark();
    await at.run();
    expect(at.current()).toBe('token.ES256-4');
  });

  test('gives a key that was named by its thumbprint alone its name, and ends the old name, not the key', async () => {
    const key = templateKey(token);
    const older: SigningKey = {
      ...key,
      kid: 'template-ES256',
      createdAt: start - 1_000 * day,
      since: start - 80 * day,
    };
    const at = world([older, { ...key, state: 'next' }, ...purposes.slice(1).map(templateKey)]);
    await at.run();
    expect(at.current()).toBe('template-ES256');
    at.state.now += publishedFor;
    await at.run();
    expect(statesOf(at.keys())).toEqual(['template-ES256 previous', `${key.kid} current`, 'token.ES256-3 next']);
    at.state.now += keptFor;
    await at.run();
    expect(at.published()).not.toContain('template-ES256');
    expect([at.current(), at.kms.enabled.has(key.keyId)]).toEqual([key.kid, true]);
  });

  test('gives a key that the policy wants no more no successor, ends it when its time is over, and makes those that something wants', async () => {
    const other = templateKey({ use: 'token', alg: 'ES384' });
    const at = world([...purposes.slice(1).map(templateKey), other]);
    const unwanted = world([...purposes.map(templateKey), other]);
    unwanted.capabilities.terms = { purposes: [...purposes, { use: 'token', alg: 'ES384' }], every };
    await unwanted.run();
    const made = unwanted.keys().find(({ alg, state }) => alg === 'ES384' && state === 'next');
    unwanted.capabilities.terms = { purposes, every };
    for (const one of [at, unwanted]) {
      one.state.now = start + every - 1;
      await one.run();
      expect(one.keyOf(other.kid)?.state).toBe('current');
      expect(one.current()).toMatch(/^token\.(template-)?ES256/);
      one.state.now += 1;
      await one.run();
      expect(one.keys().flatMap(({ alg, state }) => (alg === 'ES384' ? state : []))).toEqual(['previous']);
      expect(one.published()).toContain(other.kid);
      one.state.now += keptFor;
      await one.run();
      expect([one.keyOf(other.kid), one.kms.enabled.has(other.keyId)]).toEqual([undefined, false]);
      expect(dueStep(one.keys(), one.state.now, { purposes, every })).toBeUndefined();
    }
    expect(unwanted.kms.ending).toContain(made?.keyId);
  });

  test('of a key that the policy wanted again is as of any', async () => {
    const purpose = { use: 'token', alg: 'ES384' } as const;
    const at = world([...purposes.map(templateKey), templateKey(purpose)]);
    at.state.now += every;
    await at.run();
    at.capabilities.terms = { purposes: [...purposes, purpose], every };
    await at.run();
    expect(statesOf(at.keys()).filter((one) => one.includes('ES384'))).toEqual([
      'token.template-ES384 previous',
      expect.stringMatching(/current$/),
      expect.stringMatching(/next$/),
    ]);
  });

  test('that cannot take a step publishes those it took', async () => {
    const at = world();
    await at.run();
    const { kms } = at.capabilities;
    at.capabilities.kms = { ...kms, make: async () => Promise.reject(new Error('no more keys')) };
    const published: (readonly string[])[] = [];
    at.capabilities.publish = async () => void published.push(at.published());
    at.state.now += every;
    await expect(at.run()).rejects.toThrow('no more keys');
    expect(published.at(-1)).toEqual(at.published());
    at.capabilities.kms = kms;
    await at.run();
    expect(at.keys()).toHaveLength(3 * purposes.length);
  });

  test.each([['of more than a year', 400]])(
    '%s, killed at any call, ends as one that was not, and every key that is left signs',
    async (_of, days) => {
      /** Each run is killed at another call. */
      const yearOf = async (killEvery: number) => {
        const at = world();
        let kills = 0;
        for (let hour = 0; hour < days * 24; hour += 6) {
          at.state.now = start + hour * 3_600;
          if (killEvery > 0) at.state.killAt = at.state.calls + 1 + ((hour / 6) % killEvery);
          await at.run().catch((error: unknown) => {
            if (!(error instanceof Killed)) throw error;
            kills += 1;
          });
        }
        at.state.killAt = Number.POSITIVE_INFINITY;
        // What is under way by then ends without kills.
        const isUnderWay = () => at.keys().some(({ state }) => state === 'previous' || state === 'retired');
        for (let more = 0; more < 30 && (more === 0 || isUnderWay()); more += 1) {
          at.state.now += day;
          await at.run();
        }
        return { at, kills };
      };
      const whole = await yearOf(0);
      // A step takes two calls at most: a run that is let through so many takes one.
      for (const killEvery of [3, 4, 5, 7]) {
        const { at, kills } = await yearOf(killEvery);
        expect(kills).toBeGreaterThan(3);
        const shape = (one: typeof at) =>
          one
            .keys()
            .map((key) => `${useOf(key)} ${key.alg} ${key.state}`)
            .sort();
        expect(shape(at)).toEqual(shape(whole.at));
        expect(dueStep(at.keys(), at.state.now, { purposes, every })).toBeUndefined();
        for (const { keyId, state } of at.keys()) expect([state, at.kms.enabled.has(keyId)]).toEqual([state, true]);
      }
    },
    20_000,
  );
});

/** A verifier that read the JWK Set at most so long ago as caches allow. */
const lags = [0, 60, cacheLifetimes.edge, forgottenWithin, publishedFor];

test('in a year of rotations no verifier refuses a valid token, however old its JWK Set may be, nor however long a token lives', async () => {
  const at = world();
  const sets: { readonly at: number; readonly kids: readonly string[] }[] = [];
  const issued: { readonly kid: string; readonly exp: number }[] = [];
  const signer = { kid: at.current(), readAt: start };
  let verified = 0;
  for (let now = start; now < start + 370 * day; now += 1_140) {
    at.state.now = now;
    await at.run();
    sets.push({ at: now, kids: at.published() });
    // An instance that cannot read the keyring signs by its last one for an hour.
    if (now - signer.readAt >= cacheLifetimes.keyring) Object.assign(signer, { kid: at.current(), readAt: now });
    for (const kid of new Set([signer.kid, at.current()])) issued.push({ kid, exp: now + day });
    while ((issued[0]?.exp ?? now) < now) issued.shift();
    const kids = new Set(issued.map(({ kid }) => kid));
    for (const lag of lags) {
      const seen = sets.findLast((one) => one.at <= now - lag) ?? sets[0];
      // Whoever has a JWK Set of that age meets tokens that are signed now, and older ones.
      for (const kid of kids) {
        verified += 1;
        if (!seen?.kids.includes(kid)) expect.fail(`${kid} at day ${(now - start) / day}, ${lag} s behind`);
      }
    }
    while ((sets[1]?.at ?? now) < now - publishedFor) sets.shift();
  }
  expect(at.steps.filter(({ kind }) => kind === 'promote')).toHaveLength(4 * purposes.length);
  expect(verified).toBeGreaterThan(100_000);
});

describe('a compromise', () => {
  test('on each day of a year: the key is gone, its successor signs at once, and what it signs is refused while anybody may', async () => {
    for (let compromised = 0; compromised < 366; compromised += 1) {
      const at = world();
      for (const now of [0, every, 2 * every, 3 * every, 4 * every].filter((offset) => offset <= compromised * day)) {
        at.state.now = start + now;
        await at.run();
      }
      at.state.now = start + compromised * day;
      await at.run();
      const kid = at.current();
      const { keyId = '' } = at.keyOf(kid) ?? {};
      const next = at.keys().find((key) => key.state === 'next' && useOf(key) === 'token')?.kid;
      const revoked = await revokeKey(kid, at.capabilities);
      expect(revoked).toMatchObject({ kids: [kid], successor: next, believedUntil: at.state.now + forgottenWithin });
      expect([at.current(), at.published().includes(kid), at.kms.enabled.has(keyId)]).toEqual([next, false, false]);
      expect(at.revocations.get(kid)).toBe(at.state.now + cacheLifetimes.keyring);
      // There is a next one again, and the other uses are as they were.
      expect(statesOf(at.keys()).filter((one) => one.endsWith('next'))).toHaveLength(1);
      expect(at.keys().every((key) => at.kms.enabled.has(key.keyId))).toBe(true);
    }
  });

  test('before there is a next key makes one, which signs at once', async () => {
    const at = world();
    const { successor } = (await revokeKey('token.template-ES256', at.capabilities)) ?? {};
    expect([successor, at.current()]).toEqual(['token.ES256-1', 'token.ES256-1']);
  });

  test('of the only key, while somebody else makes the next one, leaves no key that nothing names', async () => {
    const at = world();
    const revoked = await revokeKey('token.template-ES256', { ...at.capabilities, kms: kmsWithRival(at) });
    expect(revoked?.successor).toBe(at.current());
    const named = new Set(at.keys().map(({ keyId }) => keyId));
    expect([...at.kms.enabled].filter((keyId) => !named.has(keyId))).toEqual([]);
    expect(at.kms.ending.size).toBe(1);
  });

  test('of the only key disables it, whether or not what was made for nothing can be ended', async () => {
    const enabledAfter = async (scheduleDeletion?: () => Promise<never>) => {
      const at = world();
      const changed = { ...kmsWithRival(at), ...(scheduleDeletion && { scheduleDeletion }) };
      const revoked = revokeKey('token.template-ES256', { ...at.capabilities, kms: changed });
      const outcome = await revoked.then(
        () => 'revoked',
        (error: Error) => error.message,
      );
      return [outcome, at.kms.enabled.has('arn:template-token-ES256'), at.kms.ending.size];
    };
    expect(await enabledAfter()).toEqual(['revoked', false, 1]);
    expect(await enabledAfter(() => Promise.reject(new Error('down')))).toEqual(['down', false, 0]);
  });

  test('leaves the JWK Set also where its key cannot be disabled, and is disabled where that cannot be written', async () => {
    const at = world();
    await at.run();
    const kid = at.current();
    const { keyId = '' } = at.keyOf(kid) ?? {};
    const down = async () => Promise.reject(new Error('down'));
    const published: (readonly string[])[] = [];
    const publish = async () => void published.push(at.published());
    const { kms } = at.capabilities;
    const denied = { ...at.capabilities, publish, kms: { ...kms, disable: down } };
    await expect(revokeKey(kid, denied)).rejects.toThrow('down');
    expect(published.flat()).not.toContain(kid);
    expect(at.kms.enabled).toContain(keyId);
    await expect(revokeKey(kid, { ...at.capabilities, publish: down })).rejects.toThrow('down');
    expect(at.kms.enabled).not.toContain(keyId);
    expect(await revokeKey(kid, at.capabilities)).toMatchObject({ kids: [kid] });
  });

  test('of a key that does not sign changes nothing for those that do; of none there is, nothing at all', async () => {
    const at = world();
    await at.run();
    const before = at.current();
    expect(await revokeKey('token.ES256-1', at.capabilities)).toMatchObject({ successor: undefined });
    expect([at.current(), at.published().includes('token.ES256-1')]).toEqual([before, false]);
    expect(await revokeKey('token.none', at.capabilities)).toBeUndefined();
    expect([...at.revocations.keys()]).toEqual(['token.ES256-1']);
  });

  test('of a key with two names takes both', async () => {
    const key = templateKey(token);
    const at = world([
      { ...key, kid: 'template-ES256' },
      { ...key, state: 'next' },
      ...purposes.slice(1).map(templateKey),
    ]);
    const { kids, successor } = (await revokeKey('template-ES256', at.capabilities)) ?? {};
    expect([kids, successor]).toEqual([['template-ES256', key.kid], 'token.ES256-1']);
    expect(at.published().filter((kid) => kid.includes('template-ES256') && kid !== 'status.template-ES256')).toEqual(
      [],
    );
    expect([...at.revocations.keys()].sort()).toEqual(['template-ES256', key.kid]);
  });

  test('killed at any call and asked for again ends as one that was not', async () => {
    for (let killAt = 1; killAt < 12; killAt += 1) {
      const at = world();
      await at.run();
      at.state.killAt = at.state.calls + killAt;
      const kid = at.current();
      await revokeKey(kid, at.capabilities).catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
      at.state.killAt = Number.POSITIVE_INFINITY;
      // Where it is still known it is asked for again; where not, the schedule does the rest.
      await revokeKey(kid, at.capabilities);
      await at.run();
      expect([at.current(), at.published().includes(kid), at.revocations.has(kid)]).toEqual([
        'token.ES256-1',
        false,
        true,
      ]);
      expect(at.kms.enabled).not.toContain('arn:template-token-ES256');
      expect(statesOf(at.keys())).toEqual(['token.ES256-1 current', expect.stringMatching(/next$/)]);
    }
  });
});
