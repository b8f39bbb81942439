// `cambio policy new-tenant NAME [--policy FOLDER]`: writes the folder of a tenant, whose policy compiles and whose tests pass.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compilePolicy } from '../../infra/policy/compile-policy.ts';
import { testFailures } from '../../infra/policy/rehearse/run-tests.ts';
import { formatDiagnostic, hasErrors } from '../../infra/policy/source/diagnostic.ts';
import { tenantNameProblem } from '../../infra/policy/source/tenant-name.ts';
import { exitCodes, type Output, UsageError } from '../usage.ts';

/**
 * @returns the exit code: 0 when the folder is there and the whole policy compiles with it, 1 when it is there already, or
 *   the policy has errors
 */
export function policyNewTenant(name: string, policy: string, { stdout, stderr }: Output): number {
  const problem = tenantNameProblem(name);
  if (problem) throw new UsageError(`${problem[0]}: ${problem[1]}`);
  if (statSync(policy, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`${policy} is no folder: tenants lie in the folder of a policy, in tenants/`);
  }
  const folder = join(policy, 'tenants', name);
  if (statSync(folder, { throwIfNoEntry: false })) {
    stderr(`${folder} is there already\n`);
    return exitCodes.refused;
  }
  mkdirSync(folder, { recursive: true });
  const files = { 'policy.yaml': policyOf(name), 'policy.test.yaml': testsOf(name) };
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(join(folder, file), text, { flag: 'wx' });
    stdout(`wrote ${join(folder, file)}\n`);
  }
  const { artifact, diagnostics } = compilePolicy(policy, { urlsComeLater: true });
  const failures = artifact ? testFailures(policy, artifact) : [];
  for (const finding of [...diagnostics, ...failures]) stderr(`${formatDiagnostic(finding)}\n`);
  if (hasErrors(diagnostics) || failures.length > 0) return exitCodes.refused;
  stdout(`next: its issuer and its gateway in ${join(folder, 'policy.yaml')}, then cambio policy test ${policy}\n`);
  return exitCodes.ok;
}

function policyOf(tenant: string): string {
  return `# Tenant ${tenant}: names are bare in this folder, and ${tenant}/NAME everywhere else.
version: 1
issuers:
  idp:
    url: https://idp.example/${tenant} # the exact iss of its tokens
    audience: https://sts.example/${tenant} # their aud: a value of its own, which no other tenant has for this url
    claims: { email: string } # a token profile, or what its tokens have, with types
clients:
  gateway: # the service that exchanges them
    auth: { private_key_jwt: { jwksUri: "https://gateway.example/${tenant}/jwks.json" } }
audiences:
  api: { scopes: [api:read, api:write] }
rules:
  - id: users-read
    from: idp
    client: gateway
    match: { email: "**@${tenant}.example" }
    grant: { audience: api, scopes: [api:read] }
# What another tenant may name, and what this one names of others:
# exports: { audiences: { api: [root] } }
# imports: { audiences: [shared-api] }
`;
}

function testsOf(tenant: string): string {
  return `version: 1
tests:
  - name: a user reads by the gateway
    issuer: idp
    client: gateway
    claims: { sub: user-1, email: user-1@${tenant}.example }
    request: { audience: api, scope: api:read }
    expect: { allow: true, rule: users-read }
  - name: nobody writes
    issuer: idp
    client: gateway
    claims: { sub: user-1, email: user-1@${tenant}.example }
    request: { audience: api, scope: api:write }
    expect: { allow: false, error: invalid_scope, reason: scope }
  - name: a token alone opens nothing
    issuer: idp
    claims: { sub: user-1, email: user-1@${tenant}.example }
    request: { audience: api }
    expect: { allow: false, error: invalid_target, reason: no_rule }
`;
}
