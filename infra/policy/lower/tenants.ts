// What tenants that are put at run time may import of the root policy, for the function that compiles them. Pure.
import type { TenantSource } from '../../../shared/policy/compiled-policy.ts';
import { tenantOf } from '../../../shared/policy/tenant.ts';
import { byName, type MergedPolicy } from '../schema/merge.ts';

/** No secret, key or network of the root's is part of it: a client or an issuer is no more there than its name and claims. */
export function lowerTenants(policy: MergedPolicy): TenantSource {
  const exports = policy.exports.filter(({ section, name }) => section !== 'roles' && tenantOf(name) === '');
  const of = (section: 'issuers' | 'clients' | 'audiences') =>
    exports.filter((each) => each.section === section && byName<unknown>(policy[section]).has(each.name));
  const issuers = of('issuers').map(({ name }) => {
    const { url, audience, claims } = byName(policy.issuers).get(name)?.value ?? {};
    return [name, { ...(url !== undefined && { url }), audience, ...(claims !== undefined && { claims }) }] as const;
  });
  const clients = of('clients').map(
    ({ name }) => [name, { auth: { client_secret_basic: { sha256: '0'.repeat(64) } } }] as const,
  );
  const audiences = of('audiences').map(({ name }) => [name, byName(policy.audiences).get(name)?.value ?? {}] as const);
  return {
    source: 'table',
    exports: exports.map(({ section, name, to }) => ({ section, name, ...(to && { to }) })),
    exported: {
      issuers: Object.fromEntries(issuers),
      clients: Object.fromEntries(clients),
      audiences: Object.fromEntries(audiences),
    },
  };
}
