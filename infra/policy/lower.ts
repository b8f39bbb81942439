// A checked policy to the artifact the functions read: defaults filled in, durations in seconds, globs told apart. Pure.
import type { Audience, PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { cataloguesOf } from './claims/catalogue-by-name.ts';
import type { StandInKeys } from './compile-options.ts';
import { hashOf } from './lower/canonical-json.ts';
import { lowerClient } from './lower/clients.ts';
import type { CompiledIssuer } from './lower/issuers.ts';
import type { CompiledRole } from './lower/roles.ts';
import { lowerRule } from './lower/rules.ts';
import { lowerTenants } from './lower/tenants.ts';
import { audienceTtl, defaults } from './schema/defaults.ts';
import type { Entry, MergedPolicy } from './schema/merge.ts';
import type { AudienceEntry } from './schema/schema.ts';

export interface LowerInput {
  readonly policy: MergedPolicy;
  readonly issuers: readonly CompiledIssuer[];
  readonly roles: readonly CompiledRole[];
  readonly local: boolean;
  /** Keys for clients, in the local stack. */
  readonly clientStandIns?: StandInKeys | undefined;
}

/** The artifact of a policy without errors. */
export function lower({ policy, issuers, roles, local, clientStandIns }: LowerInput): PolicyArtifact {
  const catalogues = cataloguesOf(policy);
  const clients = policy.clients.map((entry) => lowerClient(entry, { catalogues, standIns: clientStandIns }));
  const content = {
    version: 1,
    local,
    issuers: Object.fromEntries(issuers.map((issuer) => [issuer.name, issuer])),
    clients: Object.fromEntries(clients.map((client) => [client.name, client])),
    audiences: Object.fromEntries(policy.audiences.map((entry) => [entry.name, lowerAudience(entry)])),
    roles: Object.fromEntries(roles.map((role) => [role.name, role])),
    rules: policy.rules.map((entry) => lowerRule(policy, entry, catalogues)),
    ...(policy.tenantSources.length > 0 && { tenants: lowerTenants(policy) }),
  } as const;
  return { ...content, hash: hashOf(content) };
}

function lowerAudience({ name, value }: Entry<AudienceEntry>): Audience {
  const { resource, scopes = [], format = 'jwt', alg = defaults.alg, status, binding } = value;
  const stated = { name, ...(resource !== undefined && { resource }), scopes, format, alg };
  return { ...stated, ...audienceTtl(value), ...(status === true && { status }), ...(binding && { binding }) };
}
