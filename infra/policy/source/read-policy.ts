// Reads the policy files of a path, a file or a folder. The compiler's only I/O.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Diagnostic, fileError } from './diagnostic.ts';
import type { PolicyFile } from './parse-source.ts';

export interface ReadPolicy {
  readonly files: readonly PolicyFile[];
  readonly diagnostics: readonly Diagnostic[];
}

/** One file, or the `*.yaml` of a folder in file-name order without `*.test.yaml`. Paths are as the caller wrote them. */
export function readPolicy(path: string): ReadPolicy {
  try {
    return statSync(path).isDirectory() ? readFolder(path) : { files: [readOne(path)], diagnostics: [] };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const why = code === 'ENOENT' ? 'there is no such file or folder' : `cannot be read (${code})`;
    return { files: [], diagnostics: [fileError(path, why, 'name a policy file or a folder of *.yaml')] };
  }
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
  if (names.includes('tenants')) findings.push(fileError(join(folder, 'tenants'), 'tenants are not yet supported'));
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
