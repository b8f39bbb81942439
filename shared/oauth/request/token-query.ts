// A request about a token, to introspect or to revoke it (RFC 7662 §2.1, RFC 7009 §2.1). Pure.
import { tokenTypes } from '../token-types.ts';
import { type Form, refuseRepeats, required, single } from './form.ts';

const known = [
  ...['token', 'token_type_hint', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type'],
];

/**
 * The token that is asked about. What a token is, it says itself, and a wrong hint must not hide it (RFC 7009 §2.1): of
 * `token_type_hint` nothing is read but {@link isHintedAsAwsCredentials}.
 * @throws Refused `parameter`
 */
export function parseTokenQuery(form: Form): string {
  refuseRepeats(form, [], known);
  return required(form, 'token');
}

/** Whether the caller says that these are AWS credentials: a session token alone does not show it. */
export function isHintedAsAwsCredentials(form: Form): boolean {
  return single(form, 'token_type_hint') === tokenTypes.awsCredentials;
}
