// A token exchange request: form parameters to a typed request (RFC 8693 §2.1). Pure.
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { namedTargets, targetsOf } from '../../policy/target.ts';
import { Refused, type TokenParameter } from '../denial.ts';
import {
  actorTokenTypes,
  requestableTokenTypes,
  subjectTokenTypes,
  tokenExchangeGrant,
  tokenTypes,
} from '../token-types.ts';
import { type Form, refuseRepeats, required, single } from './form.ts';
import { parseScope } from './scope.ts';
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

type Targets = Pick<CompiledPolicy, 'audiences' | 'roles'>;

const repeatable = ['audience', 'resource'];
const known = [
  ...['grant_type', 'subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type'],
  ...['scope', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type'],
  ...['request_context', 'request_details'],
];
/** They narrow what is issued (RFC 9396, OpenID Connect Core §3.1.2.1, §5.5): ignored, the caller would get more than it asked for. */
const unsupported = ['authorization_details', 'claims', 'acr_values', 'max_age'];
const named = [...known, ...unsupported];

/**
 * Parses the parameters of a token exchange.
 * @throws Refused `parameter`, `grant_type`, `token_type` or `scope`
 * @see [RFC 8693 §2.1](https://www.rfc-editor.org/rfc/rfc8693.html#section-2.1)
 */
export function parseTokenRequest(form: Form, policy: Targets): TokenRequest {
  refuseRepeats(form, repeatable, named);
  if (required(form, 'grant_type') !== tokenExchangeGrant) throw new Refused({ kind: 'grant_type' });
  const parameter = unsupported.find((name) => form.has(name));
  if (parameter) throw new Refused({ kind: 'parameter', parameter, problem: 'unsupported' });
  const scope = single(form, 'scope');
  const subject = presented(form, 'subject_token', subjectTokenTypes) ?? missing('subject_token');
  const asked = {
    audiences: form.get('audience') ?? [],
    resources: form.get('resource') ?? [],
    scope: scope === undefined ? undefined : parseScope(scope),
  };
  const wanted = single(form, 'requested_token_type') ?? usualType(asked, policy);
  const requestedTokenType = requestedType(wanted, subject);
  return {
    subject,
    actor: presented(form, 'actor_token', actorTokenTypes),
    asked,
    requestedTokenType,
    ...(requestedTokenType === tokenTypes.transactionToken && { transaction: parseTransactionContext(form) }),
  };
}

/** What a request that names no type wants: credentials of a role, else an access token. */
function usualType(asked: AskedFor, policy: Targets): string {
  const isRole = namedTargets(asked, targetsOf(policy)).some((target) => target && 'role' in target);
  return isRole ? tokenTypes.awsCredentials : tokenTypes.accessToken;
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
function requestedType(requested: string, subject: PresentedToken): string {
  const allowed = subject.type === tokenTypes.transactionToken ? [tokenTypes.transactionToken] : requestableTokenTypes;
  if (!allowed.includes(requested)) {
    throw new Refused({ kind: 'token_type', parameter: 'requested_token_type' });
  }
  return requested;
}

function missing(parameter: string): never {
  throw new Refused({ kind: 'parameter', parameter, problem: 'missing' });
}
