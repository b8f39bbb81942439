// PUT, GET and DELETE /admin/tenants/{name}. Wiring only.
import { randomUUID } from 'node:crypto';
import { compileTenant } from '../infra/policy/compile-tenant.ts';
import { createMac } from '../shared/aws/policy/tenant-mac.ts';
import {
  createEndTenant,
  createFindTenant,
  createReadList,
  createWriteList,
  createWriteTenant,
  refusedBy,
} from '../shared/aws/policy/tenant-store.ts';
import { byMethod } from '../shared/http/by-resource.ts';
import { findTenantEndpoint, putTenantEndpoint, removeTenantEndpoint } from '../shared/http/endpoints/admin-tenants.ts';
import { callOptions, configured, joinedPolicy, logOf, now, recordsStore } from './wiring.ts';

const config = configured('recordsTable', 'awsClients', 'policyValues', 'tenantKey', 'mtlsBase');
const policy = joinedPolicy(config);
const { tenants } = policy;
if (!tenants || config.tenantKey === undefined) throw new Error('the policy has no tenants put at run time');
// The local stack has none, and compiles as if: what works there may be deployed with a name for them.
const certificates = config.mtlsBase !== undefined || policy.local;
const write = logOf('tenants');
const store = {
  ...(await recordsStore(config)),
  mac: createMac(config.tenantKey, callOptions(config)),
  onFault: refusedBy(write),
};
const endpoint = {
  policy,
  compile: (files: Parameters<typeof compileTenant>[0]) =>
    compileTenant(files, { ...policy, tenants }, { certificates }),
  readList: createReadList(store),
  findTenant: createFindTenant(store),
  writeTenant: createWriteTenant(store),
  endTenant: createEndTenant(store),
  writeList: createWriteList(store),
  newId: randomUUID,
  now,
  write,
};

export const handler = byMethod({
  GET: findTenantEndpoint(endpoint),
  HEAD: findTenantEndpoint(endpoint),
  PUT: putTenantEndpoint(endpoint),
  DELETE: removeTenantEndpoint(endpoint),
});
