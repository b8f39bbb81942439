// One Lambda bundle: index.mjs of a functions/*.ts entry; beside it the compiled policy, and in chunks/ what the function loads
// only where the policy or a setting asks for it. Writes to a temporary directory.
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PolicyArtifact } from '../shared/policy/compiled-policy.ts';
import { functionCode } from './function-code.ts';
import type { FunctionEntry } from './function-entries.ts';

export interface Bundle {
  readonly entry: FunctionEntry;
  /** Becomes policy.json; leave it out for functions that do not read the policy. */
  readonly policy?: PolicyArtifact;
  /** What else lies beside the code, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * Bundles into a temporary directory, hands it to `use`, and removes it afterwards. CDK stages an asset while its
 * construct is made, so `use` must make the construct.
 */
export function withBundle<Result>({ entry, policy, files = {} }: Bundle, use: (directory: string) => Result): Result {
  const directory = mkdtempSync(join(kept ?? tmpdir(), 'cambio-bundle-'));
  try {
    for (const [path, code] of functionCode(entry)) place(join(directory, path), code);
    if (policy) write(join(directory, 'policy.json'), JSON.stringify(policy));
    for (const [name, text] of Object.entries(files)) write(join(directory, name), text);
    return use(directory);
  } finally {
    if (kept === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

let kept: string | undefined;

/** While `make` runs, bundles are left in the folder, whose owner removes it: who stages no assets runs them from there. */
export function keepingBundles<Result>(folder: string, make: () => Result): Result {
  kept = folder;
  try {
    return make();
  } finally {
    kept = undefined;
  }
}

/** Folder of this process with each file of code that was written, by its text. */
let store: { readonly folder: string; readonly files: Map<string, string> } | undefined;

/** Most functions share most of their files, and a process that makes several stacks all of them: each is written once. */
function place(path: string, text: string): void {
  store ??= openStore();
  const { folder, files } = store;
  const kept = files.get(text) ?? join(folder, String(files.size));
  if (!files.has(text)) write(kept, text);
  files.set(text, kept);
  mkdirSync(dirname(path), { recursive: true });
  try {
    linkSync(kept, path);
  } catch {
    // A file system without links.
    write(path, text);
  }
}

function openStore() {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-code-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { folder, files: new Map<string, string>() };
}

/**
 * Lambda runs code as another user, and CDK keeps the mode of a file, which its hash says nothing of: a file that only its
 * owner may read would be a function that never starts, until its content changes.
 */
function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  // Not an option of the write: the umask would take from it.
  chmodSync(path, 0o644);
}
