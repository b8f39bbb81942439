// A tenant that is put at run time, compiled and tested by what `cdk synth` compiles and tests with. Pure.
import type { CompiledPolicy, TenantSource } from '../../shared/policy/compiled-policy.ts';
import { keyPurposes } from '../../shared/policy/key-purposes.ts';
import { partOf, type TenantPart } from '../../shared/policy/tenant-parts.ts';
import type { RunTimeTenant } from './compile-options.ts';
import { compilePolicyFiles } from './compile-policy.ts';
import { parseTests } from './rehearse/read-tests.ts';
import { runTests } from './rehearse/run-tests.ts';
import { formatDiagnostic } from './source/diagnostic.ts';
import { tenantNameProblem } from './source/tenant-name.ts';

export interface TenantFiles {
  readonly name: string;
  readonly yaml: string;
  readonly tests: string;
}

export type CompiledTenant =
  | { readonly part: TenantPart; readonly warnings: readonly string[] }
  /** Findings as `path:line:column: message`. */
  | { readonly findings: readonly string[] };

/**
 * @param deployed the policy that the deployment has, with its holes filled
 * @param certificates whether a connection to it can have one
 */
export function compileTenant(
  { name, yaml, tests }: TenantFiles,
  deployed: CompiledPolicy & { readonly tenants: TenantSource },
  { certificates }: Pick<RunTimeTenant, 'certificates'>,
): CompiledTenant {
  const problem = tenantNameProblem(name);
  if (problem) return { findings: [problem.join(': ')] };
  const file = { path: `${name}/policy.yaml`, text: yaml, tenant: name };
  const root = { path: 'policy.yaml', text: rootText(name, deployed) };
  const purposes = keyPurposes(deployed);
  const algorithmsOf = (wanted: string) => purposes.flatMap(({ use, alg }) => (use === wanted ? [alg] : []));
  const runTime = { tenant: name, algorithms: algorithmsOf('token'), statuses: algorithmsOf('status'), certificates };
  const compiled = compilePolicyFiles([root, file], { local: deployed.local, runTime });
  const own = compiled.diagnostics.filter((each) => each.file === file.path);
  const said = (severity: string) => own.filter((each) => each.severity === severity).map(formatDiagnostic);
  const errors = said('error');
  if (errors.length > 0) return { findings: errors };
  // What is deployed has compiled: without a finding here there is an artifact.
  if (!compiled.artifact) return { findings: compiled.diagnostics.map(formatDiagnostic) };
  const read = parseTests({ path: `${name}/policy.test.yaml`, text: tests, tenant: name });
  if (read.diagnostics.length > 0) return { findings: read.diagnostics.map(formatDiagnostic) };
  if (read.tests.length === 0) return { findings: ['there are no tests: say what it grants, and what it refuses'] };
  const failures = runTests(read.tests, compiled.artifact).flatMap(({ failure }) => failure ?? []);
  if (failures.length > 0) return { findings: failures.map(formatDiagnostic) };
  // Without roles there are no holes, and URLs stand in the tenant's own file.
  return { part: partOf(name, compiled.artifact as CompiledPolicy), warnings: said('warning') };
}

/** What is exported, with the URLs that only the deployment knows; JSON is YAML. */
function rootText(tenant: string, { tenants, issuers }: CompiledPolicy & { readonly tenants: TenantSource }): string {
  const { exported, exports } = tenants;
  const named = (section: string) => (exported[section] ?? {}) as Readonly<Record<string, object>>;
  const withUrls = Object.entries(named('issuers')).map(([name, entry]) => [
    name,
    { url: issuers[name]?.url, ...entry },
  ]);
  const exportsOf = (section: string) =>
    Object.fromEntries(
      exports.filter((each) => each.section === section).map((each) => [each.name, each.to ?? [tenant]]),
    );
  return JSON.stringify({
    version: 1,
    ...exported,
    issuers: Object.fromEntries(withUrls),
    tenants: { source: 'table' },
    exports: {
      issuers: exportsOf('issuers'),
      clients: exportsOf('clients'),
      audiences: exportsOf('audiences'),
    },
  });
}
