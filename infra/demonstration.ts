// The policy that the app synthesizes unless told otherwise. Reads policy files.
import { join } from 'node:path';
import { compilePolicy } from './policy/compile-policy.ts';

export const demonstrationPolicy = join(import.meta.dirname, 'policy');

/** Whether what lies there is the demonstration, by whatever path, name or copy. */
export function isDemonstration(path: string): boolean {
  const [hash, ...others] = [path, demonstrationPolicy].map((each) => compilePolicy(each).artifact?.hash);
  return hash !== undefined && others.includes(hash);
}
