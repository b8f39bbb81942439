// Who may read and run the files of a release: the same wherever it is made. Writes modes.
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Everybody may read all of a folder, and run what its owner may. A umask or a checkout that is for one user alone would
 * make another tarball, and functions that Lambda's user cannot read.
 */
export function settleModes(folder: string): void {
  chmodSync(folder, 0o755);
  for (const each of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(each.parentPath, each.name);
    const isRun = each.isDirectory() || (statSync(path).mode & 0o100) !== 0;
    chmodSync(path, isRun ? 0o755 : 0o644);
  }
}
