// The probe: what a workload, a client and a verifier do, and what none of them may, asked through the front door. Pure but for the
// capabilities.

import { parseJwt, TokenRefused } from '../oauth/jose/jwt.ts';
import { KeySetError, parseKeySet, selectKey } from '../oauth/jose/key-set.ts';
import { verifiesJws } from '../oauth/jose/signature.ts';
import { tokenExchangeGrant, tokenTypes } from '../oauth/token-types.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../policy/json.ts';

export interface ProbeAnswer {
  readonly status: number;
  /** Undefined where the body is no JSON. */
  readonly json: JsonValue | undefined;
}

type Form = Readonly<Record<string, string>>;

export interface ProbeCapabilities {
  /** Our own issuer, and the base of the API. */
  readonly issuer: string;
  readonly apiBase: string;
  /** Audience of the policy that the probe gets tokens for, and the client it is. */
  readonly audience: string;
  readonly client: string;
  /** A token of the probe's own identity: subject token and assertion alike. */
  readonly identityToken: () => Promise<string>;
  readonly post: (url: string, form: Form) => Promise<ProbeAnswer>;
  readonly get: (url: string) => Promise<ProbeAnswer>;
  /** Milliseconds since some epoch. */
  readonly clock: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** In the order in which they are made. */
export const checkNames = [
  ...(['identity', 'exchange', 'key_published', 'refuses_forged', 'refuses_target'] as const),
  ...(['introspect', 'refuses_nobody', 'revoke', 'revocation'] as const),
] as const;

export type CheckName = (typeof checkNames)[number];

export interface Check {
  readonly name: CheckName;
  readonly ok: boolean;
  readonly ms: number;
  /** What came instead: a status, an error code, the name of an exception. Never a token. */
  readonly got?: string;
}

export interface ProbeReport {
  /** Those that were made: one that needs what another failed to get is not. */
  readonly checks: readonly Check[];
  /**
   * From the answer to the revocation until the token is inactive, in seconds, or as long as that is waited for; undefined where
   * nothing was revoked.
   */
  readonly revocationLatency: number | undefined;
}

/**
 * Times that the exchange is tried, and each of its refusals. A new version meets a tenth of the requests for five minutes: of the
 * 18 of three runs it gets at least one in 17 of 20 rollouts.
 */
const tries = 6;
/** Milliseconds in which a revocation is waited for, and between two looks. */
const patience = 20_000;
const pause = 250;
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Makes every check it can, whatever the others come to. Does not throw. */
export async function probe(capabilities: ProbeCapabilities): Promise<ProbeReport> {
  const checks: Check[] = [];
  const check = createCheck(checks, capabilities);
  const identity = await check('identity', () => capabilities.identityToken());
  if (identity === undefined) return { checks, revocationLatency: undefined };
  const call = callsAs(identity, capabilities);
  const token = await check('exchange', () => several(async () => tokenIn(await call.exchange(identity))));
  if (token !== undefined) await check('key_published', () => verified(token, capabilities));
  await check('refuses_forged', () =>
    several(async () => refused(await call.exchange(forged(identity)), 400, 'invalid_request')),
  );
  const elsewhere = { audience: `${capabilities.audience}.not-granted` };
  await check('refuses_target', () =>
    several(async () => refused(await call.exchange(identity, elsewhere), 400, 'invalid_target')),
  );
  if (token === undefined) return { checks, revocationLatency: undefined };
  await check('introspect', async () => isActive(await call.introspect(token), true));
  await check('refuses_nobody', async () => {
    return refused(await capabilities.post(`${capabilities.apiBase}/introspect`, { token }), 401, 'invalid_client');
  });
  const revoked = await check('revoke', async () => succeeded(await call.revoke(token)));
  if (revoked === undefined) return { checks, revocationLatency: undefined };
  const latency = await check('revocation', () => untilInactive(() => call.introspect(token), capabilities));
  return { checks, revocationLatency: latency ?? patience / 1_000 };
}

/** All of the tries have to do. @returns what the first came to */
async function several<Result>(work: () => Promise<Result>): Promise<Result> {
  const [first] = await Promise.all(Array.from({ length: tries }, work));
  return first as Result;
}

/** Something else came than has to; says what. */
class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

/** Makes a check and writes down how it went. The result is undefined where it failed. */
function createCheck(checks: Check[], { clock }: Pick<ProbeCapabilities, 'clock'>) {
  return async <Result>(name: CheckName, work: () => Promise<Result>): Promise<Result | undefined> => {
    const started = clock();
    const took = () => Math.round(clock() - started);
    try {
      const result = await work();
      checks.push({ name, ok: true, ms: took() });
      return result;
    } catch (error) {
      checks.push({ name, ok: false, ms: took(), got: saidOf(error) });
      return undefined;
    }
  };
}

/** Of other exceptions the name alone: their messages may quote what was sent. */
function saidOf(error: unknown): string {
  if (error instanceof Unexpected || error instanceof TokenRefused || error instanceof KeySetError)
    return error.message;
  return error instanceof Error ? error.name : 'an exception';
}

function callsAs(identity: string, { apiBase, audience, client, post }: ProbeCapabilities) {
  const proof = { client_id: client, client_assertion_type: assertionType, client_assertion: identity };
  return {
    exchange: (subject: string, changes: Form = {}) =>
      post(`${apiBase}/token`, {
        ...{ grant_type: tokenExchangeGrant, subject_token: subject, subject_token_type: tokenTypes.jwt },
        ...{ audience, ...proof, ...changes },
      }),
    introspect: (token: string) => post(`${apiBase}/introspect`, { token, ...proof }),
    revoke: (token: string) => post(`${apiBase}/revoke`, { token, ...proof }),
  };
}

function succeeded(answer: ProbeAnswer): JsonObject {
  if (answer.status === 200) return isJsonObject(answer.json) ? answer.json : {};
  throw new Unexpected(described(answer));
}

function tokenIn(answer: ProbeAnswer): string {
  const { access_token: token } = succeeded(answer);
  if (typeof token === 'string') return token;
  throw new Unexpected('no access_token');
}

function refused(answer: ProbeAnswer, status: number, error: string): true {
  if (answer.status === status && errorIn(answer) === error) return true;
  throw new Unexpected(described(answer));
}

function isActive(answer: ProbeAnswer, wanted: boolean): true {
  const { active } = succeeded(answer);
  if (active === wanted) return true;
  throw new Unexpected(`active is ${active === true ? 'true' : active === false ? 'false' : 'missing'}`);
}

function described(answer: ProbeAnswer): string {
  return [answer.status, errorIn(answer)].filter((part) => part !== undefined).join(' ');
}

/** A code is short and plain; anything else is not repeated. */
function errorIn({ json }: ProbeAnswer): string | undefined {
  const error = isJsonObject(json) ? json['error'] : undefined;
  return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : undefined;
}

/** As a verifier does: the issuer's published keys have the one that signed, and it did. */
async function verified(token: string, { issuer, get }: ProbeCapabilities): Promise<true> {
  const { header, claims } = parseJwt(token);
  if (claims['iss'] !== issuer) throw new Unexpected('iss is another');
  const keys = parseKeySet(succeeded(await get(`${issuer}/.well-known/jwks.json`)));
  const key = selectKey(keys, header);
  if (!key) throw new Unexpected('the key that signed is not published');
  if (!verifiesJws(token, key.key, header.alg)) throw new Unexpected('the published key did not sign it');
  return true;
}

/** The same token with another signature, which is one in form. */
function forged(token: string): string {
  const signature = token.lastIndexOf('.') + 1;
  return `${token.slice(0, signature)}${token[signature] === 'A' ? 'B' : 'A'}${token.slice(signature + 1)}`;
}

/** @returns seconds */
async function untilInactive(look: () => Promise<ProbeAnswer>, { clock, sleep }: ProbeCapabilities): Promise<number> {
  const revoked = clock();
  for (;;) {
    const { active } = succeeded(await look());
    const waited = clock() - revoked;
    if (active === false) return Math.round(waited) / 1_000;
    if (waited > patience) throw new Unexpected('still active');
    await sleep(pause);
  }
}
