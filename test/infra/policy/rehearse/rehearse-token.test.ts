// The registered claims of a token, rehearsed and presented: what the commands say of them is what the server does.
import { describe, expect, test } from 'vitest';
import { createRehearse } from '../../../../infra/policy/rehearse/rehearse.ts';
import type { Claims } from '../../../../shared/policy/claims.ts';
import { formBody, makeWorld, now, policy, run, subjectClaims, subjectToken, verdict } from '../../../world.ts';
import { compileText } from '../policy-world.ts';

const rehearse = createRehearse(policy);

function rehearsed(changes: Claims): string {
  const claims = Object.fromEntries(
    Object.entries({ ...subjectClaims, ...changes }).filter(([, value]) => value !== undefined),
  );
  const answer = rehearse({
    subject: { issuer: 'github', claims },
    client: '',
    audiences: ['orders-api'],
    resources: [],
    scope: undefined,
    now,
  });
  return answer.outcome === 'granted' ? 'granted' : `${answer.error}/${answer.reason}`;
}

async function presented(changes: Claims): Promise<string> {
  return verdict(await run(formBody({ subject_token: subjectToken(changes) }), makeWorld()));
}

describe('a token whose', () => {
  test.each<[string, unknown, string]>([
    ['scope', ['openid', 'orders'], 'granted'],
    ['scope', '', 'granted'],
    ['client_id', null, 'granted'],
    ['azp', ['x'], 'invalid_request/malformed'],
    ['azp', 'x', 'granted'],
    ['jti', 7, 'invalid_request/malformed'],
    ['act', 'x', 'invalid_request/malformed'],
    ['may_act', null, 'invalid_request/malformed'],
    ['cnf', 'x', 'invalid_request/malformed'],
    ['sub', undefined, 'invalid_request/malformed'],
    ['aud', [], 'invalid_request/malformed'],
    ['aud', ['https://sts.acme.example', 'x'], 'invalid_request/audience'],
    ['exp', String(now + 60), 'invalid_request/malformed'],
    ['exp', now + 60.5, 'granted'],
    ['exp', now + 0.5, 'invalid_request/expired'],
    ['nbf', -1, 'invalid_request/malformed'],
    ['iat', now + 61, 'invalid_request/not_yet_valid'],
    ['iat', now + 60.5, 'granted'],
  ])('%s is %j: %s, rehearsed and presented', async (claim, value, expected) => {
    expect(await presented({ [claim]: value })).toBe(expected);
    expect(rehearsed({ [claim]: value })).toBe(expected);
  });
});

describe('what is said of a token', () => {
  const { artifact = expect.fail('the policy does not compile') } = compileText(`version: 1
issuers:
  idp: { url: https://idp.example, audience: us, claims: { email: string }, subject: "mail:\${claims.email}" }
  pods: { url: https://pods.example, audience: us, claims: {} }
clients: { app: { auth: { client_secret_basic: { sha256: "${'0'.repeat(64)}" } } } }
audiences: { api: {} }
rules:
  - { id: plain, from: idp, client: app, match: { sub: a }, grant: { audience: api } }
  - { id: late, from: idp, client: app, match: { sub: b }, outlive: true, grant: { audience: api } }
  - { id: acted, from: idp, client: app, actor: { from: pods }, match: { sub: a }, grant: { audience: api } }
  - { id: pod, from: pods, client: app, match: { sub: x }, grant: { audience: api } }
  - { id: never, from: idp, match: { sub: d }, deny: true }
`);
  const decide = createRehearse(artifact);
  const times = { iat: now - 300, exp: now + 60 };
  const said = (changes: Claims, actorChanges?: Claims): string => {
    const email = 'a@acme.example';
    const subject = { issuer: 'idp', claims: { iss: 'https://idp.example', aud: 'us', email, ...times, ...changes } };
    const actor = {
      issuer: 'pods',
      claims: { iss: 'https://pods.example', aud: 'us', sub: 'pod', ...times, ...actorChanges },
    };
    const tokens = { subject, ...(actorChanges && { actor }) };
    const answer = decide({ ...tokens, client: 'app', audiences: ['api'], resources: [], scope: undefined, now });
    return answer.outcome === 'granted' ? answer.rule : `${answer.error}/${answer.reason} ${answer.rule ?? ''}`.trim();
  };

  test('is that its subject cannot be made, once a rule would grant', () => {
    expect(said({ sub: 'a' })).toBe('plain');
    for (const email of [undefined, '', 7, 'a|b'])
      expect(said({ sub: 'a', email })).toBe('invalid_request/malformed plain');
    expect(said({ sub: 'c', email: '' })).toBe('invalid_target/no_rule');
  });

  test('is that it has just expired, unless the rule that grants lets tokens outlive it', () => {
    const justNow = { exp: now - 30 };
    expect(said({ sub: 'b', ...justNow })).toBe('late');
    expect(said({ sub: 'a', ...justNow })).toBe('invalid_request/expired plain');
    expect(said({ sub: 'd', ...justNow })).toBe('invalid_request/expired never');
    expect(said({ sub: 'c', ...justNow })).toBe('invalid_request/expired');
  });

  test('is that it has expired, before any rule, where no rule lets tokens outlive those of its issuer', () => {
    const [subject, claims] = [{ iss: 'https://pods.example', aud: 'us', sub: 'x', ...times }, { exp: now - 1 }];
    const asked = { client: 'app', audiences: ['api'], resources: [], scope: undefined, now };
    const of = (token: Claims) => decide({ ...asked, subject: { issuer: 'pods', claims: token } });
    expect(of({ ...subject, ...claims })).toMatchObject({ reason: 'expired' });
    expect(of({ ...subject, ...claims })).not.toHaveProperty('rule');
    expect(of(subject)).toMatchObject({ outcome: 'granted', rule: 'pod' });
  });

  test('is that the actor’s has expired, whatever the clocks', () => {
    expect(said({ sub: 'a' }, {})).toBe('acted');
    expect(said({ sub: 'a' }, { exp: now - 1 })).toBe('invalid_request/expired');
    expect(said({ sub: 'a' }, { nbf: now + 30 })).toBe('acted');
  });
});
