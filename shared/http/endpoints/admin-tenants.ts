// /admin/tenants/{name}, for callers API Gateway has authenticated with IAM: tenants without a deploy (docs/tenants.md). One audit
// line for every change; durable before it is answered. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { Refused } from '../../oauth/denial.ts';
import { parseJsonBody, requiredText } from '../../oauth/revocation/revocation-request.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import type { ListedTenant, StoredTenant, TenantChange, TenantList } from '../../policy/stored-tenant.ts';
import { deployedTenants, type TenantPart, takenBy } from '../../policy/tenant-parts.ts';
import { adminEndpoint } from '../admin-endpoint.ts';
import { bodyText, json } from '../api-gateway.ts';
import type { WriteLog } from '../log.ts';

/** What `cdk synth` makes of a policy's folder, of a tenant that comes later. */
export type CompileTenant = (files: {
  readonly name: string;
  readonly yaml: string;
  readonly tests: string;
}) => { readonly part: TenantPart; readonly warnings: readonly string[] } | { readonly findings: readonly string[] };

export interface TenantsEndpoint {
  /** What is deployed. */
  readonly policy: CompiledPolicy;
  readonly compile: CompileTenant;
  readonly readList: () => Promise<TenantList>;
  readonly findTenant: (listed: ListedTenant) => Promise<StoredTenant>;
  /** Durable when it returns; the hash of what was written. */
  readonly writeTenant: (tenant: StoredTenant) => Promise<string>;
  /** Whether nobody else has written since. */
  readonly writeList: (before: TenantList, tenants: readonly ListedTenant[], by: TenantChange) => Promise<boolean>;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly write: WriteLog;
}

type NamedEvent = Pick<APIGatewayProxyEvent, 'body' | 'isBase64Encoded' | 'pathParameters' | 'requestContext'>;

/** The Lambda handler of `GET`: 200 with what was put, 404. */
export function findTenantEndpoint(endpoint: TenantsEndpoint) {
  const respond = async (event: NamedEvent): Promise<APIGatewayProxyResult> => {
    const listed = (await endpoint.readList()).tenants.find(({ name }) => name === nameIn(event));
    if (!listed) return notThere();
    const { name, yaml, tests, at, principal } = await endpoint.findTenant(listed);
    return json(200, { name, yaml, tests, hash: listed.hash, at, principal });
  };
  return adminEndpoint({ name: 'tenant_read', policy: endpoint.policy, respond }, endpoint.write);
}

/** The Lambda handler of `PUT`: 200 with `{name, hash, at, principal, warnings}`, 400 with `findings`, 409 for what another has. */
export function putTenantEndpoint(endpoint: TenantsEndpoint) {
  const { policy, compile, writeTenant, now, write } = endpoint;
  const respond = async (event: NamedEvent, principal: string): Promise<APIGatewayProxyResult> => {
    const name = nameIn(event);
    const files = { name, ...filesIn(bodyText(event)) };
    const compiled = compile(files);
    if ('findings' in compiled) return wrong(compiled.findings);
    const { part, warnings } = compiled;
    const before = await endpoint.readList();
    const taken = takenBy(part);
    const clash = clashOf(name, taken, before, policy);
    if (clash !== undefined) return conflict(clash);
    const tenant = { ...files, part, at: now(), principal };
    const hash = await writeTenant(tenant);
    const others = before.tenants.filter((each) => each.name !== name);
    if (!(await endpoint.writeList(before, [...others, { name, hash, taken }], tenant)))
      return conflict('another change came first');
    write('info', 'tenant', { name, hash, at: tenant.at, principal });
    return json(200, { name, hash, at: tenant.at, principal, warnings });
  };
  return adminEndpoint({ name: 'tenant', policy, respond }, write);
}

/** The Lambda handler of `DELETE`: 204, also of what is not there. */
export function removeTenantEndpoint(endpoint: TenantsEndpoint) {
  const { policy, now, write } = endpoint;
  const respond = async (event: NamedEvent, principal: string): Promise<APIGatewayProxyResult> => {
    const name = nameIn(event);
    const before = await endpoint.readList();
    const change = { at: now(), principal };
    const others = before.tenants.filter((each) => each.name !== name);
    if (others.length < before.tenants.length && !(await endpoint.writeList(before, others, change))) {
      return conflict('another change came first');
    }
    write('info', 'tenant_removed', { name, ...change });
    return { statusCode: 204, body: '' };
  };
  return adminEndpoint({ name: 'tenant_removed', policy, respond }, write);
}

/** What is once in the deployment, and somebody has already; undefined: nothing. */
function clashOf(
  name: string,
  taken: readonly string[],
  { tenants }: TenantList,
  policy: CompiledPolicy,
): string | undefined {
  if (deployedTenants(policy).includes(name)) return 'a tenant of this name is deployed';
  const others = new Set([...takenBy(policy), ...tenants.flatMap((each) => (each.name === name ? [] : each.taken))]);
  const found = taken.find((each) => others.has(each));
  return found === undefined ? undefined : `somebody else has ${(JSON.parse(found) as readonly string[]).join(' ')}`;
}

function filesIn(body: string): { readonly yaml: string; readonly tests: string } {
  const request = parseJsonBody(body);
  if (Object.keys(request).some((member) => !['yaml', 'tests'].includes(member))) malformed('the body');
  return { yaml: requiredText(request, 'yaml'), tests: requiredText(request, 'tests') };
}

function nameIn({ pathParameters }: NamedEvent): string {
  const name = pathParameters?.['name'] ?? '';
  return /^[a-z0-9][a-z0-9._-]{0,62}$/.test(name) ? name : malformed('name');
}

function wrong(findings: readonly string[]): APIGatewayProxyResult {
  return json(400, { error: 'invalid_request', error_description: 'the tenant has mistakes', findings });
}

function conflict(description: string): APIGatewayProxyResult {
  return json(409, {
    error: 'invalid_request',
    error_description: description.replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?'),
  });
}

function notThere(): APIGatewayProxyResult {
  return json(404, { error: 'invalid_request', error_description: 'there is no such tenant' });
}

function malformed(parameter: string): never {
  throw new Refused({ kind: 'parameter', parameter, problem: 'malformed' });
}
