// The token by which Cambio, as its own OIDC provider at IAM, asks STS for a role session. It is no access token: its
// audience is STS, its `typ` is JWT, and Cambio itself takes it in no role. Pure but for the capabilities.
import { sessionAlgorithm } from '../../policy/key-purposes.ts';
import type { SigningKey } from '../jose/keyring.ts';
import { type SigningCapabilities, signFor, signingInput } from '../jose/signed-jwt.ts';
import type { RoleSession } from './role-session.ts';

const audience = 'sts.amazonaws.com';
const lifetime = 300;

/**
 * A token for one role: `sub` names it, so that the trust policy of another role does not take it.
 * @param now epoch seconds
 * @throws Refused `signing_input` or `unavailable`
 * @see [Session tags in a web identity token](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp)
 */
export async function webIdentityToken(
  session: RoleSession,
  now: number,
  capabilities: SigningCapabilities & { readonly issuer: string },
): Promise<string> {
  const claims = webIdentityClaims(session, capabilities.issuer, now);
  const inputOf = (key: SigningKey) => signingInput('JWT', claims, key);
  return signFor({ use: 'session', alg: sessionAlgorithm }, inputOf, capabilities);
}

/** Of AWS's own, beside the registered ones. */
export const webIdentityClaimNames = ['https://aws.amazon.com/tags', 'https://aws.amazon.com/source_identity'] as const;
const [tagsClaim, sourceIdentityClaim] = webIdentityClaimNames;

function webIdentityClaims({ role, tags, transitive, sourceIdentity }: RoleSession, iss: string, iat: number) {
  const principalTags = Object.fromEntries(tags.map(({ key, value }) => [key, [value]]));
  const tagging = { principal_tags: principalTags, transitive_tag_keys: transitive };
  return {
    iss,
    sub: `role:${role.name}`,
    aud: audience,
    iat,
    exp: iat + lifetime,
    ...(tags.length > 0 && { [tagsClaim]: tagging }),
    ...(sourceIdentity !== undefined && { [sourceIdentityClaim]: sourceIdentity }),
  };
}
