// /admin/tenants/{name}, for callers API Gateway has authenticated with IAM: tenants without a deploy (docs/tenants.md). One audit
// line for every change; durable before it is answered. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { causesOf } from '../../causes.ts';
import { Refused } from '../../oauth/denial.ts';
import { parseJsonBody, requiredText } from '../../oauth/revocation/revocation-request.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import type { ListedTenant, StoredTenant, TenantChange, TenantList } from '../../policy/stored-tenant.ts';
import { deployedTenants, partFormat, type TenantPart, takenBy } from '../../policy/tenant-parts.ts';
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
  /** What no list names any more ends. */
  readonly endTenant: (tenant: Pick<ListedTenant, 'name' | 'hash'>, by: TenantChange) => Promise<void>;
  /** Whether nobody else has written since. */
  readonly writeList: (before: TenantList, tenants: readonly ListedTenant[], by: TenantChange) => Promise<boolean>;
  /** Random. */
  readonly newId: () => string;
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
    const change = { at: now(), principal };
    const tenant = { ...files, part, ...change, id: endpoint.newId(), format: partFormat };
    const bytes = bytesOf(tenant);
    if (bytes > mostBytes) return wrong([`compiled, the tenant has ${bytes} bytes, and ${mostBytes} at most are kept`]);
    const others = before.tenants.filter((each) => each.name !== name);
    if (bytesOf([...others, { name, hash: '0'.repeat(64), taken }]) > mostBytes)
      return conflict('there are too many tenants');
    const hash = await writeTenant(tenant);
    const isPut = await endpoint.writeList(before, [...others, { name, hash, taken }], change);
    // An answer that was lost, and asked for again, is told as if somebody else had come first.
    if (!isPut && (await hashOf(name, endpoint)) !== hash) {
      await end({ name, hash }, change, endpoint);
      return conflict('another change came first');
    }
    const replaced = before.tenants.find((each) => each.name === name);
    if (replaced) await end(replaced, change, endpoint);
    write('info', 'tenant', { name, hash, ...change });
    return json(200, { name, hash, ...change, warnings });
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
    const removed = before.tenants.find((each) => each.name === name);
    if (removed) {
      const others = before.tenants.filter((each) => each !== removed);
      const isRemoved = await endpoint.writeList(before, others, change);
      if (!isRemoved && (await hashOf(name, endpoint)) !== undefined) return conflict('another change came first');
      await end(removed, change, endpoint);
    }
    write('info', 'tenant_removed', { name, ...change });
    return { statusCode: 204, body: '' };
  };
  return adminEndpoint({ name: 'tenant_removed', policy, respond }, write);
}

async function hashOf(tenant: string, { readList }: TenantsEndpoint): Promise<string | undefined> {
  return (await readList()).tenants.find(({ name }) => name === tenant)?.hash;
}

/** Ends an item that no list will ever name again. What fails here leaves bytes behind, and nothing else. */
async function end(
  { name, hash }: Pick<ListedTenant, 'name' | 'hash'>,
  change: TenantChange,
  { endTenant, write }: TenantsEndpoint,
): Promise<void> {
  await endTenant({ name, hash }, change).catch((error: unknown) =>
    write('error', 'tenant_not_ended', { name, hash, cause: causesOf(error) }),
  );
}

/** DynamoDB takes 400 KB for an item with all that is in it. */
const mostBytes = 350_000;

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
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
  // The body has a limit, and that is theirs.
  const textOf = (member: string): string => requiredText(request, member, body.length);
  return { yaml: textOf('yaml'), tests: textOf('tests') };
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
