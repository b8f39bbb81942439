// Rights on records that only some policies need; where tenants come at run time, whatever one of them may.
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { type KeyUse, keyPurposes } from '../../shared/policy/key-purposes.ts';
import type { RecordsTable } from '../records-table.ts';

/** A federated client's own token may have been revoked; other callers have none to look up. */
export function revokeStatements(policy: PolicyArtifact, records: RecordsTable): readonly PolicyStatement[] {
  const federated =
    policy.tenants !== undefined || Object.values(policy.clients).some(({ auth }) => auth.method === 'federated');
  return [records.statement('revoked', federated ? ['BatchGetItem', 'PutItem'] : ['PutItem'])];
}

/** Where an assertion is used once. */
export function assertionStatements(policy: PolicyArtifact, records: RecordsTable): readonly PolicyStatement[] {
  const { clients, issuers } = policy;
  const federated = Object.values(clients).some(
    ({ auth }) => auth.method === 'federated' && issuers[auth.issuer]?.singleUse,
  );
  return hasAssertions(policy) || federated ? [usedStatement(records)] : [];
}

/** Assertions and proofs of possession are used once, and tokens of some issuers. */
export function usedStatement(records: RecordsTable): PolicyStatement {
  return records.statement('used', ['PutItem', 'UpdateItem']);
}

/** Reference tokens, where the policy has any. Of several handles of one token its decision says which is alive. */
export function referenceStatements(
  policy: PolicyArtifact,
  records: RecordsTable,
  use: 'read' | 'written',
): readonly PolicyStatement[] {
  if (!hasReferences(policy)) return [];
  if (use === 'written') return [records.statement('reference', ['PutItem'])];
  const handles = hasSingleUse(policy) ? [records.statement('decision', ['GetItem'])] : [];
  return [records.statement('reference', ['GetItem']), ...handles];
}

function hasAssertions({ clients, tenants }: PolicyArtifact): boolean {
  return tenants !== undefined || Object.values(clients).some(({ auth }) => auth.method === 'private_key_jwt');
}

function hasSingleUse({ issuers, tenants }: PolicyArtifact): boolean {
  return tenants !== undefined || Object.values(issuers).some(({ singleUse }) => singleUse);
}

function hasReferences({ audiences, tenants }: PolicyArtifact): boolean {
  return tenants !== undefined || Object.values(audiences).some(({ format }) => format === 'reference');
}

export function hasStatus({ audiences }: PolicyArtifact): boolean {
  return Object.values(audiences).some(({ status }) => status === true);
}

export function hasEvents({ issuers, tenants }: PolicyArtifact): boolean {
  return tenants !== undefined || Object.values(issuers).some(({ events }) => events !== undefined);
}

/** Whether anybody can ask for a signed answer, or an issuer is asked in our name. */
export function isAnswered(policy: PolicyArtifact): boolean {
  return hasUse(policy, 'answer');
}

export function hasWebIdentities(policy: PolicyArtifact): boolean {
  return hasUse(policy, 'session');
}

function hasUse(policy: PolicyArtifact, use: KeyUse): boolean {
  return keyPurposes(policy).some((purpose) => purpose.use === use);
}

/** Whether Cambio authenticates to an issuer with a key of its own. */
export function asksUpstream({ issuers }: PolicyArtifact): boolean {
  return Object.values(issuers).some(({ introspection }) => introspection !== undefined);
}
