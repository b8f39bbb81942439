// What `cambio doctor --issuer URL` finds out about an issuer before a policy trusts it: discovery, keys, algorithms, and whose clock
// is right. Network, through fetch; it is asked as the functions ask it, and nothing is sent to it.
import { CallFailed } from '../call-failed.ts';
import { type Answered, fetchWithRetries } from '../fetch.ts';
import type { Machine } from '../machine.ts';
import { assertPrivate } from '../server.ts';
import { UsageError } from '../usage.ts';
import { type Found, well, wrong } from './finding.ts';
import { checkClock } from './server-checks.ts';

type Say = (what: string, found: Found) => void;
type Jwk = Readonly<Record<string, unknown>>;

/** What a policy takes without naming it, and what it takes where `algorithms` does. */
const taken = ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519', 'EdDSA'];
const named = ['RS384', 'RS512', 'PS384', 'PS512', 'ES512'];
const curves: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'Ed25519',
};
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'];
const leastRsaBits = 2_048;

/**
 * @returns whether the issuer can be reached
 * @throws UsageError
 */
export async function checkIssuer(issuer: string, { machine, say }: { machine: Machine; say: Say }): Promise<boolean> {
  if (!URL.canParse(issuer)) throw new UsageError('--issuer must be the URL that `iss` of its tokens has');
  assertPrivate(new URL(issuer), '--issuer');
  const discovery = await documentAt(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, machine);
  if (discovery instanceof CallFailed) {
    say('discovery', wrong(discovery.message, 'an issuer without discovery needs jwksUri or jwks in the policy'));
    return discovery.facts.status > 0 && discovery.facts.status < 500;
  }
  const { issuer: told, jwks_uri: jwksUri, id_token_signing_alg_values_supported: promised } = discovery.json;
  say('discovery', checkName(issuer, told));
  const { found, advice, state } = checkClock({ answered: discovery }, machine);
  const drift =
    'its tokens are refused as not yet valid or expired: set its clock, or clockSkew of the policy up to 10m';
  say('clock', { state, found, ...(advice !== undefined && { advice: drift }) });
  say('algorithms', checkPromised(promised));
  const keys = await keysAt(jwksUri, machine);
  say('keys', 'state' in keys ? keys : checkKeySet(keys));
  return true;
}

async function documentAt(url: string, machine: Machine): Promise<Answered | CallFailed> {
  try {
    return await fetchWithRetries({ url: new URL(url) }, machine, { attempts: 1 });
  } catch (error) {
    if (error instanceof CallFailed) return error;
    throw error;
  }
}

/** `iss` is compared as a string: a slash more at the end is another issuer. */
function checkName(issuer: string, told: unknown): Found {
  if (told === issuer) return well(`issuer ${issuer}`);
  if (typeof told !== 'string')
    return wrong('the document names no issuer', 'it is no discovery document (OpenID Connect)');
  return wrong(`it calls itself ${told}`, 'write `url` in the policy exactly as its tokens have `iss`');
}

function checkPromised(promised: unknown): Found {
  const algorithms = Array.isArray(promised) ? promised.map(String) : [];
  if (algorithms.length === 0) return well('it does not say which it signs with');
  const known = algorithms.filter((alg) => taken.includes(alg));
  if (known.length > 0) return well(known.join(', '));
  const rare = algorithms.filter((alg) => named.includes(alg));
  if (rare.length > 0)
    return wrong(`only ${rare.join(', ')}`, `name what it signs with: algorithms: [${rare.join(', ')}]`);
  return wrong(`only ${algorithms.join(', ')}`, `it has to sign with one of ${taken.join(', ')}`);
}

async function keysAt(jwksUri: unknown, machine: Machine): Promise<readonly Jwk[] | Found> {
  if (typeof jwksUri !== 'string' || !URL.canParse(jwksUri)) return wrong('its discovery names no jwks_uri');
  try {
    assertPrivate(new URL(jwksUri), 'jwks_uri');
  } catch (error) {
    if (error instanceof UsageError) return wrong(error.message);
    throw error;
  }
  const answered = await documentAt(jwksUri, machine);
  if (answered instanceof CallFailed) return wrong(answered.message);
  const { keys } = answered.json;
  return Array.isArray(keys) ? keys.map((key) => Object(key) as Jwk) : wrong(`no keys at ${jwksUri}`);
}

function checkKeySet(keys: readonly Jwk[]): Found {
  if (keys.some((key) => secretMembers.some((name) => Object.hasOwn(key, name)))) {
    return wrong('it publishes a private key', 'trust it only after it has new keys: anybody can sign in its name');
  }
  const signing = keys.filter(({ use }) => use === undefined || use === 'sig');
  const usable = signing.filter((key) => algorithmOf(key) !== undefined && !isShort(key));
  if (usable.length === 0) return wrong(`none of ${keys.length} keys can verify a token`, weakness(signing));
  const kids = usable.map(({ kid }) => kid);
  if (usable.length > 1 && kids.some((kid) => typeof kid !== 'string')) {
    return wrong('several keys, and not all have a kid', 'a token then does not say which key it is signed with');
  }
  const twice = usable.find((key, index) =>
    usable.slice(0, index).some((other) => other['kid'] === key['kid'] && algorithmOf(other) === algorithmOf(key)),
  );
  if (twice) return wrong(`two keys of one kid: ${String(twice['kid'])}`, 'each key needs a kid of its own');
  const algorithms = [...new Set(usable.map(algorithmOf))].join(', ');
  const idle = keys.length - usable.length;
  return well(`${usable.length}: ${algorithms}${idle > 0 ? `; ${idle} more that are not used` : ''}`);
}

function weakness(keys: readonly Jwk[]): string {
  return keys.some(isShort)
    ? `RSA keys have at least ${leastRsaBits} bits`
    : 'it needs an RSA, P-256, P-384 or Ed25519 key for signatures';
}

/** What a key is for; undefined where Cambio verifies no such signature. */
function algorithmOf({ kty, alg, crv }: Jwk): string | undefined {
  const algorithm = alg ?? (kty === 'RSA' ? 'RS256' : curves[String(crv)]);
  return [...taken, ...named].includes(String(algorithm)) ? String(algorithm) : undefined;
}

function isShort({ kty, n }: Jwk): boolean {
  return kty === 'RSA' && Buffer.from(String(n), 'base64url').length * 8 < leastRsaBits;
}
