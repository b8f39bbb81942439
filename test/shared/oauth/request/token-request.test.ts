// Which parameter a request is refused for: the one thing its answer says (RFC 6749 §5.2).
import { describe, expect, test } from 'vitest';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { oauthError } from '../../../../shared/oauth/oauth-error.ts';
import { parseForm } from '../../../../shared/oauth/request/form.ts';
import { parseTokenRequest } from '../../../../shared/oauth/request/token-request.ts';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import { formBody, policy } from '../../../world.ts';

function told(changes: Readonly<Record<string, string | undefined>>, more = ''): string {
  try {
    parseTokenRequest(parseForm(formBody(changes) + more), policy);
    return 'nothing';
  } catch (error) {
    return error instanceof Refused ? oauthError(error.denial).description : String(error);
  }
}

const transaction = { requested_token_type: tokenTypes.transactionToken, scope: 'a' };

describe('a token request', () => {
  test.each<[Record<string, string | undefined>, string]>([
    [{ grant_type: undefined }, 'grant_type is missing'],
    [{ grant_type: 'x' }, 'grant_type is not supported'],
    [{ subject_token: undefined }, 'subject_token is missing'],
    [{ subject_token: undefined, subject_token_type: undefined }, 'subject_token is missing'],
    [{ subject_token_type: undefined }, 'subject_token_type is missing'],
    [{ subject_token_type: 'x' }, 'subject_token_type is not supported'],
    [{ actor_token: 'x' }, 'actor_token_type is missing'],
    [{ actor_token_type: tokenTypes.jwt }, 'actor_token is missing'],
    [{ actor_token: 'x', actor_token_type: 'x' }, 'actor_token_type is not supported'],
    [{ actor_token: 'x', actor_token_type: tokenTypes.transactionToken }, 'actor_token_type is not supported'],
    [{ requested_token_type: 'x' }, 'requested_token_type is not supported'],
    [{ subject_token_type: tokenTypes.transactionToken }, 'requested_token_type is not supported'],
    [{ scope: '"' }, 'scope cannot be granted'],
    [{ ...transaction, request_details: '[]' }, 'request_details is malformed'],
    [{ ...transaction, request_context: '1' }, 'request_context is malformed'],
    [{ authorization_details: '[{"type":"orders"}]' }, 'authorization_details is unsupported'],
    [{ claims: '{}' }, 'claims is unsupported'],
    [{ acr_values: 'mfa' }, 'acr_values is unsupported'],
    [{ max_age: '0' }, 'max_age is unsupported'],
    [{ claims: '' }, 'nothing'],
    [{ claims_locales: 'en', acr: 'mfa', login_hint: 'x' }, 'nothing'],
    [{ request_context: '1' }, 'nothing'],
    [transaction, 'nothing'],
    [{}, 'nothing'],
  ])('%j: %s', (changes, description) => {
    expect(told(changes)).toBe(description);
  });

  test.each([
    'scope',
    'subject_token',
    'actor_token',
    'client_id',
    'client_assertion',
    'request_context',
    'request_details',
    'authorization_details',
  ])('says that %s is repeated, and of one it does not know no more', (name) => {
    expect(told({}, `&${name}=a&${name}=b`)).toBe(`${name} is repeated`);
    expect(told({}, `&x${name}=a&x${name}=b`)).toBe('a parameter is repeated');
  });

  test('says what was asked for in the caller’s own words', () => {
    const request = parseTokenRequest(parseForm(formBody({ scope: 'a b a', resource: 'urn:x' })), policy);
    expect(request.asked).toEqual({ audiences: ['orders-api'], resources: ['urn:x'], scope: ['a', 'b'] });
    expect(request).toMatchObject({ requestedTokenType: tokenTypes.accessToken, actor: undefined });
    expect(request).not.toHaveProperty('transaction');
    expect(parseTokenRequest(parseForm(formBody()), policy).asked.scope).toBeUndefined();
  });
});
