// What a genuine token must be in whatever role it is presented: subject, actor or assertion. One list, so that no role is the
// one where a check was forgotten; the role says only which denial it becomes. Pure.
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { clientNamedBy } from '../../policy/tenant.ts';
import { TokenRefused } from '../jose/jwt.ts';
import { earlierActors } from './delegation.ts';
import { checkBinding, type Possession } from './possession.ts';
import { selfName } from './self-issuer.ts';
import type { VerifiedToken } from './verify-token.ts';

export interface Presentation {
  readonly role: 'subject' | 'actor' | 'assertion';
  /** Name of the authenticated client; of an assertion, of the client it stands for. */
  readonly presenter: string | undefined;
  readonly clients: CompiledPolicy['clients'];
  /** What was proved beside the token. */
  readonly possession?: Possession;
}

/**
 * Checks a verified token in its role.
 * @throws TokenRefused with reason `binding`, `audience`, `depth` or `malformed`
 */
export function checkPresented(
  token: VerifiedToken,
  { role, presenter, clients, possession = {} }: Presentation,
): void {
  checkBinding(token, possession);
  checkPresenter(token, presenter, clients);
  // An actor or a client speaks for itself: a token in which somebody else acts would lose that somebody in what is issued.
  if (role !== 'subject' && token.registered.act) throw new TokenRefused('depth', `the ${role} acts for another`);
  earlierActors(token);
}

/** Only the client that a foreign token was made for (OpenID Connect Core §2) may present it. */
function checkPresenter(
  { issuer, registered }: VerifiedToken,
  presenter: string | undefined,
  clients: Presentation['clients'],
): void {
  const isOwn = (audience: string): boolean => {
    const owner = clientNamedBy(audience, issuer.name);
    return owner === presenter || !Object.hasOwn(clients, owner);
  };
  if (issuer.name === selfName || registered.aud.every(isOwn)) return;
  throw new TokenRefused('audience', 'aud is a client that did not authenticate');
}
