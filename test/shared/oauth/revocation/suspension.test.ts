// The kill switch (docs/lifecycle.md): what is suspended is refused from the next request on, what was issued lives.
import { describe, expect, test } from 'vitest';
import type { SuspendableName, Suspension } from '../../../../shared/oauth/revocation/suspension.ts';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import type { Client, TrustedIssuer } from '../../../../shared/policy/compiled-policy.ts';
import { formBody, now, run, subjectToken, verdict, type World } from '../../../world.ts';
import {
  as,
  ci,
  exchanged,
  introspected,
  issued,
  lifecycle,
  nobody,
  revoked,
  served,
  state,
} from '../lifecycle-world.ts';

const eks: TrustedIssuer = { ...ci, name: 'eks', url: 'https://eks.example' };
const pod: Client = {
  name: 'pod',
  auth: { method: 'federated', issuer: 'eks', match: [] },
  introspects: ['orders-api'],
};
const actor = { from: 'eks', match: [] };
const world = (): World =>
  lifecycle({
    issuers: { github: ci, eks },
    clients: { ...served.clients, pod },
    rules: [...served.rules, ...served.rules.map((rule) => ({ ...rule, id: `${rule.id}-acting`, actor }))],
  });
const podToken = subjectToken({ iss: eks.url, sub: 'pod-1', jti: 'pod' });
const asserted = {
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: podToken,
};
const suspension = (kind: SuspendableName['kind'], name: string, until?: number): Suspension => ({
  kind,
  name,
  until,
  reason: 'incident',
  at: now,
  principal: 'on-call',
});

describe('a suspension', () => {
  test.each<[string, Suspension, Suspension, string, Parameters<typeof run>[2], string]>([
    [
      'of the subject’s issuer',
      suspension('issuer', 'github'),
      suspension('issuer', 'eks'),
      formBody(),
      nobody,
      'invalid_target/suspended',
    ],
    [
      'of the actor’s issuer',
      suspension('issuer', 'eks'),
      suspension('client', 'eks'),
      formBody({ actor_token: podToken, actor_token_type: tokenTypes.jwt }),
      nobody,
      'invalid_target/suspended',
    ],
    [
      'of the assertion’s issuer',
      suspension('issuer', 'eks'),
      suspension('rule', 'eks'),
      formBody(asserted),
      nobody,
      'invalid_client/suspended',
    ],
    [
      'of a federated client',
      suspension('client', 'pod'),
      suspension('client', 'orders'),
      formBody(asserted),
      nobody,
      'invalid_client/suspended',
    ],
    [
      'of a client with a secret',
      suspension('client', 'orders'),
      suspension('client', 'pod'),
      formBody(),
      as('orders'),
      'invalid_client/suspended',
    ],
    [
      'of the rule that grants',
      suspension('rule', 'main-branch'),
      suspension('rule', 'plain'),
      formBody(),
      nobody,
      'invalid_target/suspended',
    ],
    [
      'of the audience',
      suspension('audience', 'orders-api'),
      suspension('role', 'orders-api'),
      formBody(),
      nobody,
      'invalid_target/suspended',
    ],
  ])('%s refuses; another of another name or kind does not', async (_what, hit, miss, body, headers, expected) => {
    const at = world();
    at.suspensions.push(miss, { ...hit, until: now });
    expect(verdict(await run(body, at, headers))).toBe('granted');
    at.suspensions.push({ ...hit, until: now + 1 });
    expect(verdict(await run(body, at, headers))).toBe(expected);
    expect(at.signed).toHaveLength(1);
  });

  test('of a rule does not hand the request on to the next one', async () => {
    const at = lifecycle({
      rules: [...served.rules, ...served.rules.map((rule) => ({ ...rule, id: `${rule.id}-2` }))],
    });
    expect(verdict(await run(formBody(), at))).toBe('granted');
    at.suspensions.push(suspension('rule', 'main-branch'));
    expect(verdict(await run(formBody(), at))).toBe('invalid_target/suspended');
  });

  test('of an issuer or an audience leaves alive what was issued; own tokens go on to other targets', async () => {
    const at = world();
    const { token } = await issued(at);
    at.suspensions.push(suspension('issuer', 'github'), suspension('audience', 'orders-api'));
    expect(await state(at, token)).toBe('active');
    expect(verdict(await run(exchanged(token, 'payments-api'), at, as('orders')))).toBe('granted');
    expect(verdict(await run(exchanged(token, 'orders-api'), at, as('payments')))).toBe('invalid_target/suspended');
  });

  test('of a client, or of the issuer of its assertion, ends its introspection and not its revocation', async () => {
    const at = world();
    const { token } = await issued(at, formBody(asserted));
    expect((await introspected(at, token, nobody, asserted)).answer?.active).toBe(true);
    for (const hit of [suspension('client', 'pod'), suspension('issuer', 'eks')]) {
      at.suspensions.push(hit);
      expect((await introspected(at, token, nobody, asserted)).error).toBe('401 invalid_client/suspended');
      expect((await introspected(at, 'garbage', nobody, asserted)).error).toBe('401 invalid_client/suspended');
      expect(await revoked(at, token, nobody, asserted)).toBe('done');
      at.suspensions.pop();
    }
  });

  test('of a CI run’s issuer does not keep the run from revoking what it was given', async () => {
    const at = lifecycle();
    const { token } = await issued(at, formBody({ subject_token: subjectToken({ run_id: '7' }) }));
    at.suspensions.push(suspension('issuer', 'github'));
    const holder = { ...asserted, client_assertion: subjectToken({ run_id: '7' }) };
    expect(await revoked(at, token, nobody, holder)).toBe('done');
    expect(await state(at, token)).toBe('inactive: revoked');
  });

  test('uses up no single-use token', async () => {
    const at = lifecycle({ issuers: { github: { ...ci, singleUse: true } } });
    at.suspensions.push(suspension('audience', 'orders-api'));
    expect(verdict(await run(formBody(), at))).toBe('invalid_target/suspended');
    expect(at.uses).toEqual([]);
    at.suspensions.pop();
    expect(verdict(await run(formBody(), at))).toBe('granted');
  });
});
