// The name of a tenant: of the same letters as all names, and none that would mean something else. Pure.
import { quote } from './diagnostic.ts';

/** How `exports` name the root policy, which has no folder. */
export const rootName = 'root';

const reserved: readonly string[] = ['self', 'any', rootName];

const legalName = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** What is wrong with the name, and what to do; undefined: nothing. */
export function tenantNameProblem(name: string): readonly [message: string, hint: string] | undefined {
  if (!legalName.test(name)) {
    return [
      `${quote(name)} is no name of a tenant`,
      'a name is 1–63 of a–z 0–9 . _ - and begins with a letter or digit',
    ];
  }
  return reserved.includes(name) ? [`tenant ${quote(name)}: this name is reserved`, 'choose another name'] : undefined;
}
