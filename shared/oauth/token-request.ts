// A token exchange request: form parameters to a typed request (RFC 8693 §2.1). Pure.
import { Refused, type TokenParameter } from './denial.ts';
import { type Form, refuseRepeats, required, single } from './form.ts';
import { parseScope } from './scope.ts';
import {
  actorTokenTypes,
  requestableTokenTypes,
  subjectTokenTypes,
  tokenExchangeGrant,
  tokenTypes,
} from './token-types.ts';
import { parseTransactionContext, type TransactionContext } from './transaction-context.ts';

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
  /** There where a transaction token is requested. */
  readonly transaction?: TransactionContext;
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
  ...['request_context', 'request_details'],
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
  const subject = presented(form, 'subject_token', subjectTokenTypes) ?? missing('subject_token');
  const requestedTokenType = requestedType(single(form, 'requested_token_type'), subject);
  return {
    subject,
    actor: presented(form, 'actor_token', actorTokenTypes),
    asked: {
      audiences: form.get('audience') ?? [],
      resources: form.get('resource') ?? [],
      scope: scope === undefined ? undefined : parseScope(scope),
    },
    requestedTokenType,
    ...(requestedTokenType === tokenTypes.transactionToken && { transaction: parseTransactionContext(form) }),
  };
}

function presented(form: Form, parameter: TokenParameter, types: readonly string[]): PresentedToken | undefined {
  const token = single(form, parameter);
  const type = single(form, `${parameter}_type`);
  if (token === undefined && type === undefined) return undefined;
  // RFC 8693 §2.1: actor_token_type "MUST NOT be included otherwise", and a token without its type says nothing.
  if (token === undefined) return missing(parameter);
  if (type === undefined) return missing(`${parameter}_type`);
  if (!types.includes(type)) throw new Refused({ kind: 'token_type', parameter: `${parameter}_type` });
  return { parameter, token, type };
}

/** A transaction token is replaced by one, and buys nothing else: it has no authority of its own. */
function requestedType(type: string | undefined, subject: PresentedToken): string {
  const requested = type ?? tokenTypes.accessToken;
  const allowed = subject.type === tokenTypes.transactionToken ? [tokenTypes.transactionToken] : requestableTokenTypes;
  if (!allowed.includes(requested)) {
    throw new Refused({ kind: 'token_type', parameter: 'requested_token_type' });
  }
  return requested;
}

function missing(parameter: string): never {
  throw new Refused({ kind: 'parameter', parameter, problem: 'missing' });
}
