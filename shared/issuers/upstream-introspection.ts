// Asks an issuer whether its token is still good (RFC 7662). What cannot be asked is unavailable, never good. Network through
// FetchJson.
import { createHash } from 'node:crypto';
import { causesOf } from '../causes.ts';
import { createExpiringMap } from '../expiring-map.ts';
import { Refused } from '../oauth/denial.ts';
import type { ReadKeyring, Sign } from '../oauth/jose/keyring.ts';
import { assertClient } from '../oauth/verify/upstream-assertion.ts';
import type { CheckUpstream } from '../oauth/verify/verify-token.ts';
import type { FetchJson } from './fetch-json.ts';
import { FetchJsonError } from './fetch-json-error.ts';

export interface UpstreamOptions {
  readonly readKeyring: ReadKeyring;
  readonly sign: Sign;
  readonly fetchJson: FetchJson;
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly newId: () => string;
  /** Told of every issuer that could not be asked. */
  readonly onFailure?: (issuer: string, cause: readonly string[] | undefined) => void;
}

/** Milliseconds for one answer: a request has three seconds for everything. */
const timeoutMs = 1_000;
/** Answers of each kind that are remembered; the one had first is forgotten first. */
const maxAnswers = 10_000;

/**
 * A function that asks the issuer. A yes is remembered for the policy's `cache` and no longer than the token lives; a no
 * for as long as the token could be presented: it does not come back, and whoever repeats it would have the issuer asked
 * each time. Neither pushes the other out of memory.
 * @throws Refused `unavailable` when there is no answer in time, or none that RFC 7662 §2.2 knows
 */
export function createCheckUpstream(options: UpstreamOptions): CheckUpstream {
  const active = createExpiringMap<true>({ maxEntries: maxAnswers, now: options.now });
  const inactive = createExpiringMap<true>({ maxEntries: maxAnswers, now: options.now });
  return async (issuer, token) => {
    const id = createHash('sha256')
      .update(JSON.stringify([issuer.name, token.compact]))
      .digest('base64url');
    if (inactive.get(id)) return 'inactive';
    if (active.get(id)) return 'active';
    const askedAt = options.now();
    const isActive = await introspect(issuer, token.compact, options);
    if (!isActive) {
      inactive.set(id, true, token.exp + issuer.clockSkew);
      return 'inactive';
    }
    active.set(id, true, Math.min(askedAt + issuer.introspection.cache, token.exp));
    return 'active';
  };
}

async function introspect(
  { name, url: audience, introspection, ca }: Parameters<CheckUpstream>[0],
  token: string,
  options: UpstreamOptions,
): Promise<boolean> {
  const { url, client, network } = introspection;
  const authentication = await assertClient({ client, audience, jti: options.newId(), now: options.now() }, options);
  const form = { token, token_type_hint: 'access_token', ...authentication };
  try {
    return parseAnswer(
      await options.fetchJson({ url, network, ...(ca !== undefined && { ca }), anyPort: true, timeoutMs, form }),
    );
  } catch (cause) {
    options.onFailure?.(name, causesOf(cause));
    throw new Refused({ kind: 'unavailable', dependency: 'issuer' }, { cause });
  }
}

function parseAnswer(answer: unknown): boolean {
  const active = typeof answer === 'object' && answer !== null && 'active' in answer ? answer.active : undefined;
  if (typeof active === 'boolean') return active;
  throw new FetchJsonError('content', 'the answer has no boolean `active`');
}
