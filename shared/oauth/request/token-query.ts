// A request about a token, to introspect or to revoke it (RFC 7662 §2.1, RFC 7009 §2.1). Pure.
import { type Form, refuseRepeats, required } from './form.ts';

const known = [
  ...['token', 'token_type_hint', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type'],
];

/**
 * The token that is asked about. `token_type_hint` is not read: what a token is, it says itself, and a wrong hint must not
 * hide it (RFC 7009 §2.1).
 * @throws Refused `parameter`
 */
export function parseTokenQuery(form: Form): string {
  refuseRepeats(form, [], known);
  return required(form, 'token');
}
