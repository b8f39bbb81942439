// Issuers that are asked whether their token is still good (RFC 7662): in every role a token is presented in.
import { describe, expect, test } from 'vitest';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import type { CheckUpstream } from '../../../../shared/oauth/verify/verify-token.ts';
import type { CompiledPolicy } from '../../../../shared/policy/compiled-policy.ts';
import {
  formBody,
  github,
  makeKey,
  makeWorld,
  now,
  ordersRule,
  policy,
  run,
  subjectToken,
  verdict,
} from '../../../world.ts';

const introspection = { url: 'https://idp.example/introspect', client: 'cambio', cache: 0, network: 'public' } as const;
const asking = { ...github, introspection };
const eks = { ...github, name: 'eks', url: 'https://eks.example' };
const actor = { from: 'eks', match: [] };
const withIssuers = (issuers: CompiledPolicy['issuers'], changes: Partial<CompiledPolicy> = {}): CompiledPolicy => ({
  ...policy,
  issuers,
  ...changes,
});

/** Asks nobody, answers `answer`, and remembers whose token it was about. */
function upstream(answer: 'active' | 'inactive' | Error) {
  const asked: string[] = [];
  const checkUpstream: CheckUpstream = async (issuer, { compact, exp }) => {
    asked.push(`${issuer.name} ${compact.split('.').length} ${exp - now}`);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, checkUpstream };
}

async function outcome(
  served: CompiledPolicy,
  answer: 'active' | 'inactive' | Error,
  body: Record<string, string> = {},
) {
  const { asked, checkUpstream } = upstream(answer);
  const world = makeWorld({ checkUpstream }, served);
  return { verdict: verdict(await run(formBody(body), world)), asked, signed: world.signed.length };
}
const verdictOf = async (...given: Parameters<typeof outcome>) => (await outcome(...given)).verdict;

describe('a token of an issuer that is asked', () => {
  test('is exchanged when the issuer stands by it, and refused as revoked when it does not', async () => {
    const served = withIssuers({ github: asking });
    expect(await outcome(served, 'active')).toEqual({ verdict: 'granted', asked: ['github 3 600'], signed: 1 });
    expect(await outcome(served, 'inactive')).toMatchObject({ verdict: 'invalid_request/revoked', signed: 0 });
  });

  test('is not exchanged when the issuer cannot be asked', async () => {
    const down = new Refused({ kind: 'unavailable', dependency: 'issuer' });
    expect(await verdictOf(withIssuers({ github: asking }), down)).toBe('temporarily_unavailable/unavailable');
  });

  test('is that of the issuer with the key, and no other is asked', async () => {
    expect(await outcome(withIssuers({ github, eks: { ...eks, introspection } }), 'inactive')).toEqual({
      ...{ verdict: 'granted', asked: [], signed: 1 },
    });
  });

  test('as actor is asked about too', async () => {
    const served = withIssuers({ github, eks: { ...eks, introspection } }, { rules: [{ ...ordersRule, actor }] });
    const body = { actor_token: subjectToken({ iss: eks.url, sub: 'pod' }), actor_token_type: tokenTypes.jwt };
    expect(await outcome(served, 'active', body)).toMatchObject({ verdict: 'granted', asked: ['eks 3 600'] });
    expect(await verdictOf(served, 'inactive', body)).toBe('invalid_request/revoked');
  });

  test('as assertion of a client is asked about too', async () => {
    const auth = { method: 'federated', issuer: 'eks', match: [] } as const;
    const clients = { orders: { name: 'orders', auth, introspects: [] } };
    const served = withIssuers({ github, eks: { ...eks, introspection } }, { clients });
    const body = {
      client_assertion: subjectToken({ iss: eks.url, sub: 'pod' }),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    };
    expect(await outcome(served, 'active', body)).toMatchObject({ verdict: 'granted', asked: ['eks 3 600'] });
    expect(await verdictOf(served, 'inactive', body)).toBe('invalid_client/client');
  });

  test.each<[string, Record<string, string>, string]>([
    ['signed by nobody it knows', { subject_token: subjectToken({}, {}, makeKey('issuer-key')) }, 'signature'],
    ['for somebody else', { subject_token: subjectToken({ aud: 'https://other.example' }) }, 'audience'],
    ['that has expired', { subject_token: subjectToken({ exp: now }) }, 'expired'],
  ])('%s is refused without asking', async (_what, body, reason) => {
    const result = await outcome(withIssuers({ github: asking }), 'active', body);
    expect(result).toMatchObject({ verdict: `invalid_request/${reason}`, asked: [] });
    expect(await outcome(withIssuers({ github: asking }), 'active')).toMatchObject({ asked: ['github 3 600'] });
  });
});
