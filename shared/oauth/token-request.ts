// A token exchange request: form parameters to a typed request (RFC 8693 §2.1). Pure.
import { Refused, type TokenParameter } from './denial.ts';
import { type Form, refuseRepeats, required, single } from './form.ts';
import { parseScope } from './scope.ts';
import { acceptedTokenTypes, requestableTokenTypes, tokenExchangeGrant, tokenTypes } from './token-types.ts';

/** A token as presented, with the type the caller declares. */
export interface PresentedToken {
  readonly parameter: TokenParameter;
  readonly token: string;
  readonly type: string;
}

export interface TokenRequest {
  readonly subject: PresentedToken;
  readonly actor: PresentedToken | undefined;
  readonly asked: AskedFor;
  readonly requestedTokenType: string;
}

/** Targets and scopes in the caller's own words. */
export interface AskedFor {
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
  /** Absent: all that policy allows. */
  readonly scope: readonly string[] | undefined;
}

const repeatable = ['audience', 'resource'];
const known = [
  ...['grant_type', 'subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type'],
  ...['scope', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type'],
];

/**
 * Parses the parameters of a token exchange.
 * @throws Refused `parameter`, `grant_type`, `token_type` or `scope`
 * @see [RFC 8693 §2.1](https://www.rfc-editor.org/rfc/rfc8693.html#section-2.1)
 */
export function parseTokenRequest(form: Form): TokenRequest {
  refuseRepeats(form, repeatable, known);
  if (required(form, 'grant_type') !== tokenExchangeGrant) throw new Refused({ kind: 'grant_type' });
  const scope = single(form, 'scope');
  return {
    subject: presented(form, 'subject_token') ?? missing('subject_token'),
    actor: presented(form, 'actor_token'),
    asked: {
      audiences: form.get('audience') ?? [],
      resources: form.get('resource') ?? [],
      scope: scope === undefined ? undefined : parseScope(scope),
    },
    requestedTokenType: requestedType(single(form, 'requested_token_type')),
  };
}

function presented(form: Form, parameter: TokenParameter): PresentedToken | undefined {
  const token = single(form, parameter);
  const type = single(form, `${parameter}_type`);
  if (token === undefined && type === undefined) return undefined;
  // RFC 8693 §2.1: actor_token_type "MUST NOT be included otherwise", and a token without its type says nothing.
  if (token === undefined) return missing(parameter);
  if (type === undefined) return missing(`${parameter}_type`);
  if (!acceptedTokenTypes.includes(type)) throw new Refused({ kind: 'token_type', parameter: `${parameter}_type` });
  return { parameter, token, type };
}

function requestedType(type: string | undefined): string {
  const requested = type ?? tokenTypes.accessToken;
  if (!requestableTokenTypes.includes(requested)) {
    throw new Refused({ kind: 'token_type', parameter: 'requested_token_type' });
  }
  return requested;
}

function missing(parameter: string): never {
  throw new Refused({ kind: 'parameter', parameter, problem: 'missing' });
}
