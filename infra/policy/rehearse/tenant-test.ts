// A test of a tenant's folder in the names everybody else uses. Pure.
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { ownIssuer, qualified } from '../../../shared/policy/tenant.ts';
import type { PolicyTest } from './test-schema.ts';

/** A bare name is the tenant's own where it has one of that name, else the root policy's; `self` is always its own. */
export function fullyNamed(test: PolicyTest, tenant: string, policy: PolicyArtifact): PolicyTest {
  if (tenant === '') return test;
  const parties = new Set([...Object.keys(policy.issuers), ...Object.keys(policy.clients), ownIssuer(tenant)]);
  const targets = new Set([...Object.keys(policy.audiences), ...Object.keys(policy.roles)]);
  const rules = new Set(policy.rules.map(({ id }) => id));
  const from = (known: ReadonlySet<string>) => (name: string) => {
    const own = qualified(tenant, name);
    return !name.includes('/') && known.has(own) ? own : name;
  };
  const [party, target, rule] = [from(parties), from(targets), from(rules)];
  const { actor, client, request, expect } = test;
  return {
    ...test,
    issuer: party(test.issuer),
    ...(actor && { actor: { ...actor, issuer: party(actor.issuer) } }),
    ...(client !== undefined && { client: party(client) }),
    request: {
      ...request,
      ...(request.audience !== undefined && { audience: target(request.audience) }),
      ...(request.role !== undefined && { role: target(request.role) }),
    },
    expect: { ...expect, ...(expect.rule !== undefined && { rule: rule(expect.rule) }) },
  };
}
