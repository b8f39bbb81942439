// Claims that an issuer calls private, and all that is made of them, in what Cambio keeps: never as they are. The token and
// STS get them as they are.
import { describe, expect, test } from 'vitest';
import { decisionDocument } from '../../../../shared/http/decision-document.ts';
import { type DecisionFacts, endDecision } from '../../../../shared/oauth/decision/decision.ts';
import { introspect } from '../../../../shared/oauth/introspection.ts';
import { parseForm } from '../../../../shared/oauth/request/form.ts';
import { revoke } from '../../../../shared/oauth/revoke.ts';
import type { AllowRule, CompiledPolicy, RoleGrant, TrustedIssuer } from '../../../../shared/policy/compiled-policy.ts';
import { formBody, ordersRule, run, subjectToken, verdict, type World } from '../../../world.ts';
import { as, ci, exchanged, lifecycle, nobody } from '../lifecycle-world.ts';

const CANARY = 'canary@acme.example';
const wanted = (path: string) => ({ path, type: 'string' as const, anyOf: [{ glob: '**' }] });
const mapped: AllowRule = {
  ...ordersRule,
  grant: { ...ordersRule.grant, claims: { contact: ['to ', { claim: 'email' }] } },
};
const grant: RoleGrant = {
  role: 'deploy',
  ttl: 3_600,
  tags: [{ key: 'who', value: [{ claim: 'email' }], required: true, sanitize: false }],
  transitive: [],
  sourceIdentity: [{ claim: 'email' }],
  policyArns: [],
};
const hop: AllowRule = {
  id: 'hop',
  from: 'self',
  client: ['orders'],
  match: [wanted('sub'), wanted('contact'), wanted('act.sub')],
  grant: {
    audience: 'payments-api',
    scopes: ['orders:read'],
    claims: { who: [{ claim: 'contact' }], whose: [{ claim: 'sub' }] },
    ttl: 300,
  },
};

function worldWith(issuer: Partial<TrustedIssuer>): World {
  const github = { ...ci, claims: { ...ci.claims, email: 'string' as const }, ...issuer };
  const role = { name: 'deploy', arn: 'arn:aws:iam::111122223333:role/ci/deploy', via: 'assume-role' } as const;
  const policy: Partial<CompiledPolicy> = {
    issuers: { github },
    roles: { deploy: { ...role, ttl: 3_600, maxTtl: 3_600 } },
    rules: [mapped, { ...ordersRule, id: 'deploy', grant }, hop, { ...hop, id: 'last', match: [wanted('who')] }],
  };
  return lifecycle(policy);
}

/** Everything that is kept or logged of requests that use all there is, and what left. */
async function kept(world: World, claims: Readonly<Record<string, unknown>>) {
  const subject = subjectToken({ act: { sub: 'bot' }, ...claims });
  const decisions: DecisionFacts[] = [];
  const exchange = async (body: string, headers = nobody as Parameters<typeof run>[2]) => {
    const outcome = await run(body, world, headers);
    decisions.push(outcome.decision);
    return 'granted' in outcome
      ? { token: outcome.granted.access_token, claims: outcome.claims }
      : expect.fail(verdict(outcome));
  };
  const first = await exchange(formBody({ subject_token: subject }));
  await exchange(formBody({ subject_token: subject, audience: 'deploy' }));
  const second = await exchange(exchanged(first.token, 'payments-api'), as('orders'));
  const refused = await run(exchanged(second.token, 'orders-api'), world, as('payments'));
  decisions.push(refused.decision);
  expect(verdict(refused)).toBe('invalid_target/no_rule');
  const looked: DecisionFacts = { ...refused.decision, subject: {} };
  await introspect({ form: parseForm(`token=${second.token}`), headers: as('payments') }, world.after, looked);
  const revoked: DecisionFacts = { ...refused.decision, subject: {} };
  const assertion = {
    client_assertion: subjectToken(claims),
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  };
  const form = parseForm(new URLSearchParams({ token: first.token, ...assertion }).toString());
  await revoke({ form, headers: nobody }, world.after, revoked);
  const keeping = { now: world.cambio.now(), retention: 60, policyHash: 'h' };
  const logged = [...decisions, looked, revoked].map((facts) =>
    decisionDocument(endDecision(facts, { outcome: 'granted', issued: facts.issued }, keeping)),
  );
  const text = JSON.stringify([world.records, logged, world.revocations]);
  return { text, records: world.records, revocations: world.revocations, first, second };
}

describe('what Cambio keeps', () => {
  test('holds no private claim of which a subject is made, wherever that goes', async () => {
    const template = ['mail:', { claim: 'email' }];
    const secret = await kept(worldWith({ private: ['email'], subject: template }), { email: CANARY });
    expect(secret.text).not.toContain(CANARY);
    expect(secret.first.claims).toMatchObject({ sub: `mail:${CANARY}`, contact: `to ${CANARY}` });
    expect(secret.second.claims).toMatchObject({ who: `to ${CANARY}`, whose: `mail:${CANARY}` });
    const told = await kept(worldWith({ subject: template }), { email: CANARY });
    expect(told.text).toContain(`mail:${CANARY}`);
    expect(told.revocations.map((each) => 'principal' in each && each.principal)).toEqual([`mail:${CANARY}`]);
  });

  test('holds no private sub', async () => {
    const world = worldWith({ private: ['sub', 'email'] });
    const secret = await kept(world, { sub: CANARY, email: 'x@acme.example' });
    expect(secret.text).not.toContain(CANARY);
    expect(secret.first.claims['sub']).toBe(`github|${CANARY}`);
    expect(world.sessions.map(({ session }) => session.name)[0]).toContain('canary@acme.example');
    const told = await kept(worldWith({ private: ['email'] }), { sub: CANARY, email: 'x@acme.example' });
    expect(told.text).toContain(`github|${CANARY}`);
    expect(told.text).not.toContain('x@acme.example');
  });

  test('tells one subject from another within a decision, and not across decisions', async () => {
    const at = worldWith({ private: ['email'], subject: ['mail:', { claim: 'email' }] });
    const { records } = await kept(at, { email: CANARY });
    const issued = records.flatMap(({ ending }) =>
      ending.outcome === 'granted' && ending.issued ? [ending.issued] : [],
    );
    expect(issued.map(({ sub }) => sub)).toEqual(issued.map(() => expect.stringMatching(/^sha256:[\w-]{43}$/)));
    expect(new Set(issued.map(({ sub }) => sub)).size).toBe(issued.length);
    expect(issued.flatMap(({ session }) => session?.name ?? [])).toEqual([expect.stringMatching(/^sha256:/)]);
  });
});
