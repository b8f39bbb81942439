// An administrator's suspension: the path and body of PUT and DELETE /admin/suspensions/{kind}/{name} (contract §6). Pure.
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import type { JsonObject } from '../../policy/json.ts';
import { Refused } from '../denial.ts';
import { parseJsonBody, requiredText } from './revocation-request.ts';
import { type SuspendableName, type Suspension, suspendableKinds } from './suspension.ts';

const members = ['reason', 'until'];
/** A name of the policy; of a tenant's, the tenant's before it. */
const legalName = /^[a-z0-9][a-z0-9._-]{0,62}(?:\/[a-z0-9][a-z0-9._-]{0,62})?$/;

/**
 * What the path names. The `/` of a tenant's name stands as it is; `%2F` means the same.
 * @throws Refused `parameter`
 */
export function parseSuspendable(kind: string, name: string): SuspendableName {
  const found = suspendableKinds.find((one) => one === kind) ?? malformed('kind');
  const plain = name.replaceAll(/%2f/gi, '/');
  return legalName.test(plain) ? { kind: found, name: plain } : malformed('name');
}

/**
 * Parses the body of a PUT. A deny rule cannot be suspended: that would let in whom it keeps out.
 * @param now epoch seconds
 * @throws Refused `parameter`
 */
export function parseSuspension(
  named: SuspendableName,
  body: string,
  { now, policy }: { readonly now: number; readonly policy: Pick<CompiledPolicy, 'rules'> },
): Pick<Suspension, 'kind' | 'name' | 'reason' | 'until'> {
  const isDeny = policy.rules.some((rule) => rule.id === named.name && 'deny' in rule);
  if (named.kind === 'rule' && isDeny) malformed('name');
  const request = parseJsonBody(body);
  if (Object.keys(request).some((member) => !members.includes(member))) malformed('the body');
  return { ...named, reason: requiredText(request, 'reason'), ...untilOf(request, now) };
}

function untilOf({ until }: JsonObject, now: number): Pick<Suspension, 'until'> {
  if (until === undefined) return {};
  if (typeof until !== 'number' || !Number.isSafeInteger(until) || until <= now) return malformed('until');
  return { until };
}

/** Whether the policy has anything of this name. */
export function isKnown({ kind, name }: SuspendableName, policy: CompiledPolicy): boolean {
  if (kind === 'rule') return policy.rules.some(({ id }) => id === name);
  const named = { issuer: policy.issuers, client: policy.clients, audience: policy.audiences, role: policy.roles };
  return Object.hasOwn(named[kind], name);
}

function malformed(parameter: string): never {
  throw new Refused({ kind: 'parameter', parameter, problem: 'malformed' });
}
