// Reads the policy files of a path, a file or a folder. The compiler's only I/O.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Diagnostic, fileError } from './diagnostic.ts';
import type { PolicyFile } from './parse-source.ts';
import { tenantNameProblem } from './tenant-name.ts';

export interface ReadPolicy {
  readonly files: readonly PolicyFile[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * One file, or the `*.yaml` of a folder in file-name order without `*.test.yaml`, and after them those of each of its
 * tenants. Paths are as the caller wrote them.
 */
export function readPolicy(path: string): ReadPolicy {
  try {
    if (!statSync(path).isDirectory()) return { files: [readOne(path)], diagnostics: [] };
    const read = [readFolder(path), ...tenantFolders(path).map(readTenant)];
    return {
      files: read.flatMap(({ files }) => files),
      diagnostics: read.flatMap(({ diagnostics }) => diagnostics),
    };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const why = code === 'ENOENT' ? 'there is no such file or folder' : `cannot be read (${code})`;
    return { files: [], diagnostics: [fileError(path, why, 'name a policy file or a folder of *.yaml')] };
  }
}

const tenantsFolder = 'tenants';

/** What lies in `tenants/` of a policy folder, each with the name it has there. */
export function tenantFolders(policy: string): readonly { readonly tenant: string; readonly folder: string }[] {
  const tenants = join(policy, tenantsFolder);
  if (!existsSync(tenants)) return [];
  if (!statSync(tenants).isDirectory()) return [{ tenant: tenantsFolder, folder: tenants }];
  return readdirSync(tenants)
    .filter((name) => !name.startsWith('.'))
    .sort()
    .map((tenant) => ({ tenant, folder: join(tenants, tenant) }));
}

function readTenant({ tenant, folder }: ReturnType<typeof tenantFolders>[number]): ReadPolicy {
  if (!statSync(folder).isDirectory()) {
    return { files: [], diagnostics: [fileError(folder, 'a tenant is a folder', 'move it into tenants/NAME/')] };
  }
  const problem = tenantNameProblem(tenant);
  if (problem !== undefined) return { files: [], diagnostics: [fileError(folder, ...problem)] };
  const { files, diagnostics } = readFolder(folder);
  const nested = existsSync(join(folder, tenantsFolder))
    ? [fileError(join(folder, tenantsFolder), 'a tenant has no tenants', 'move it up, beside this one')]
    : [];
  return { files: files.map((file) => ({ ...file, tenant })), diagnostics: [...diagnostics, ...nested] };
}

function readFolder(folder: string): ReadPolicy {
  const names = readdirSync(folder).sort();
  const policies = names.filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'));
  return {
    files: policies.map((name) => readOne(join(folder, name))),
    diagnostics: folderFindings(folder, names, policies),
  };
}

function folderFindings(folder: string, names: readonly string[], policies: readonly string[]): Diagnostic[] {
  const findings: Diagnostic[] = [];
  if (policies.length === 0) findings.push(fileError(folder, 'there is no *.yaml in this folder'));
  // A deny rule in a file that nobody reads would be a hole.
  for (const name of names.filter((file) => file.endsWith('.yml'))) {
    findings.push(fileError(join(folder, name), 'policy files end in .yaml', 'rename it, or move it elsewhere'));
  }
  return findings;
}

function readOne(path: string): PolicyFile {
  return { path, text: readFileSync(path, 'utf8') };
}

/** A file that a policy file names by its place beside it; undefined where it cannot be read. */
export function readBeside(policyFile: string, name: string): string | undefined {
  try {
    return readFileSync(join(dirname(policyFile), name), 'utf8');
  } catch {
    return undefined;
  }
}
