// Finds the key of a trusted issuer that a token names; one cache per issuer and process. Network through FetchJson.

import { causesOf } from '../causes.ts';
import { Refused } from '../oauth/denial.ts';
import { type KeyRequest, parseKeySet, selectKey, type VerificationKey } from '../oauth/jose/key-set.ts';
import type { FetchJson } from './fetch-json.ts';
import { fetchKeySet, type KeyOwner } from './issuer-key-set.ts';
import { createKeyCache, type KeyCache, type KeyCacheLimits } from './key-cache.ts';

export interface IssuerKeysLimits extends KeyCacheLimits {
  /** Milliseconds for discovery and key set together. */
  readonly timeoutMs: number;
  /** Issuers whose keys are remembered; the one met first is forgotten first. */
  readonly maxIssuers: number;
}

export interface IssuerKeysOptions {
  /** Milliseconds since some epoch. */
  readonly clock: () => number;
  readonly fetchJson: FetchJson;
  /** From 0 to below 1; shortens the time keys are fresh by up to a fifth, differently in each process. Default none. */
  readonly random?: () => number;
  readonly limits?: Partial<IssuerKeysLimits>;
  /** Told of every failed fetch, also while remembered keys still serve. */
  readonly onFailure?: (name: string, cause: readonly string[] | undefined) => void;
}

/**
 * The issuer's keys are neither to be had nor remembered; `cause` says why. A 503, never a 400: the token may be good.
 */
export class IssuerUnavailable extends Refused {
  override readonly name = 'IssuerUnavailable';
  override readonly message: string;
  readonly code = 'issuer_unavailable';

  constructor(issuer: string, cause: unknown) {
    super({ kind: 'unavailable', dependency: 'issuer' }, { cause });
    this.message = `the keys of issuer ${issuer} are unavailable`;
  }
}

const defaultLimits: IssuerKeysLimits = {
  freshMs: 5 * 60_000,
  staleMs: 60 * 60_000,
  retryMs: 10_000,
  cooldownMs: 30_000,
  timeoutMs: 2000,
  maxIssuers: 1000,
};

/**
 * A function that finds the issuer's key which may verify a token with this header; undefined when the issuer has no
 * such key. It throws IssuerUnavailable when that cannot be known: no usable keys, or an unknown key while the issuer
 * does not answer (it may be new).
 */
export function createIssuerKeys(
  options: IssuerKeysOptions,
): (issuer: KeyOwner, header: KeyRequest) => Promise<VerificationKey | undefined> {
  const inlineKeys = createInlineKeys();
  const cacheOf = createCaches(options);
  return async (issuer, header) =>
    issuer.keys.from === 'inline'
      ? selectKey(inlineKeys(issuer, issuer.keys.jwks), header)
      : findCachedKey(cacheOf(issuer), issuer, header);
}

async function findCachedKey(
  cache: KeyCache,
  issuer: KeyOwner,
  header: KeyRequest,
): Promise<VerificationKey | undefined> {
  const isCurrent = await cache.refresh();
  const find = () => selectKey(cache.keys() ?? unavailable(cache, issuer), header);
  const known = find();
  if (known !== undefined) return known;
  if (!isCurrent) await cache.refreshForUnknownKey();
  return find() ?? (cache.failure() && unavailable(cache, issuer));
}

function unavailable(cache: KeyCache, issuer: KeyOwner): never {
  throw new IssuerUnavailable(issuer.name, cache.failure()?.cause);
}

/**
 * By name and by where its keys come from: two issuers never share keys, not even under one URL, and one that a tenant has changed at
 * run time is no longer known by the keys it had.
 */
function createCaches({ clock, fetchJson, random = () => 0, limits: given, onFailure }: IssuerKeysOptions) {
  const limits = { ...defaultLimits, ...given };
  const caches = new Map<string, KeyCache>();
  return (issuer: KeyOwner): KeyCache => {
    const id = JSON.stringify([issuer.name, issuer.url, issuer.keys, issuer.network, issuer.ca]);
    const known = caches.get(id);
    if (known !== undefined) return known;
    const fetchKeys = () => fetchKeySet({ issuer, fetchJson, clock, timeoutMs: limits.timeoutMs });
    const report = (cause: unknown): void => onFailure?.(issuer.name, causesOf(cause));
    const cache = createKeyCache({ clock, random, limits, fetchKeys, onFailure: report });
    forgetOldest(caches, limits.maxIssuers - 1);
    caches.set(id, cache);
    return cache;
  };
}

function forgetOldest(caches: Map<string, KeyCache>, keep: number): void {
  for (const id of caches.keys()) {
    if (caches.size <= keep) return;
    caches.delete(id);
  }
}

/** Keys in the policy itself are parsed once for each policy object. */
function createInlineKeys() {
  const parsed = new WeakMap<object, readonly VerificationKey[]>();
  return (issuer: KeyOwner, jwks: object): readonly VerificationKey[] => {
    const keys = parsed.get(jwks) ?? parseInline(issuer, jwks);
    parsed.set(jwks, keys);
    return keys;
  };
}

function parseInline(issuer: KeyOwner, jwks: object): readonly VerificationKey[] {
  try {
    return parseKeySet(jwks);
  } catch (cause) {
    throw new IssuerUnavailable(issuer.name, cause);
  }
}
