// Tokens Cambio issued, presented to it again: an issuer named `self` among the others (RFC 9068 §4). Pure.
import { audiencesByForm, resourceForms } from '../../policy/audience-forms.ts';
import type { Audience, CompiledPolicy, TrustedIssuer } from '../../policy/compiled-policy.ts';
import { ownPrivate } from '../../policy/private-claims.ts';
import type { RegisteredClaims } from '../../policy/registered-claims.ts';
import { ownIssuer } from '../../policy/tenant.ts';
import { parseKeySet, selectKey, type VerificationKey } from '../jose/key-set.ts';
import { type Keyring, publicKeySet, tokenKeys } from '../jose/keyring.ts';
import { tokenTypes } from '../token-types.ts';

/** Cambio as an issuer, whichever tenant the subjects are of: it has one `iss` and one set of keys. */
export const selfName = ownIssuer('');

/** `aud` of tokens for an audience, however a request named it. */
export function audienceClaim({ name, resource }: Audience): string {
  return resource ?? name;
}

/** What `aud` may say of the audience: the policy that issued a token may have written its slash otherwise. */
export function audienceClaims(audience: Audience): readonly string[] {
  return resourceForms(audienceClaim(audience));
}

type OfOneToken = { readonly registered: Pick<RegisteredClaims, 'aud'> };
type Audiences = Pick<CompiledPolicy, 'audiences'>;

/** The audience a token of ours is for; undefined where the policy no longer has it. */
export function audienceOf(token: OfOneToken, policy: Audiences): Audience | undefined {
  return audiencesOf(token, policy)[0];
}

/** All that `aud` of a token of ours may mean. */
export function audiencesOf({ registered }: OfOneToken, { audiences }: Audiences): readonly Audience[] {
  const index = indexes.get(audiences) ?? audiencesByForm(audiences, audienceClaims);
  indexes.set(audiences, index);
  return [...new Set(registered.aud.flatMap((form) => index.get(form) ?? []))];
}

/** Audiences by what `aud` may say of them: indexed once, for a policy may have thousands. */
const indexes = new WeakMap<CompiledPolicy['audiences'], ReadonlyMap<string, readonly Audience[]>>();

type PolicyOfOurs = Pick<CompiledPolicy, 'audiences' | 'issuers' | 'rules'>;

const selves = new WeakMap<PolicyOfOurs, TrustedIssuer>();

/**
 * Cambio as an issuer it trusts: any of its audiences may be named, because a token is exchanged by the party it was
 * meant for; which of them may, policy says. Made once for each policy.
 */
export function selfIssuer(url: string, policy: PolicyOfOurs): TrustedIssuer {
  const known = selves.get(policy);
  const self = known?.url === url ? known : makeSelfIssuer(url, policy);
  selves.set(policy, self);
  return self;
}

function makeSelfIssuer(url: string, policy: PolicyOfOurs): TrustedIssuer {
  const known = Object.values(policy.audiences);
  return {
    name: selfName,
    url,
    audiences: known.flatMap(audienceClaims),
    claims: {},
    ...ownPrivate(policy),
    keys: { from: 'inline', jwks: { keys: [] } },
    network: 'public',
    algorithms: [...new Set(known.map(({ alg }) => alg))],
    tokenTypes: [tokenTypes.accessToken, tokenTypes.jwt, tokenTypes.transactionToken],
    // Bounded when it was issued.
    maxLifetime: Number.MAX_SAFE_INTEGER,
    // Instances’ clocks differ: a token must be good, and revocable, at once on those that are behind.
    clockSkew: 60,
  };
}

const parsed = new WeakMap<Keyring, readonly VerificationKey[]>();

/** The published key a token of ours names: one that signs tokens, whatever else of ours another has signed. */
export function findOwnKey(
  keyring: Keyring,
  wanted: { readonly alg: string; readonly kid: string | undefined },
): VerificationKey | undefined {
  const keys = parsed.get(keyring) ?? parseKeySet(publicKeySet(tokenKeys(keyring)));
  parsed.set(keyring, keys);
  // Our tokens always name their key, so a token that names none is not ours.
  return wanted.kid === undefined ? undefined : selectKey(keys, wanted);
}
