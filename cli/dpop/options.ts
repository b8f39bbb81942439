// Whether a command proves possession of a key, and of which: what does it is loaded where one is wanted.
import { statSync } from 'node:fs';
import type { Machine } from '../machine.ts';
import { readText } from '../read-text.ts';
import type { Output } from '../usage.ts';
import type { Prover } from './prover.ts';

export interface ProofOptions {
  /** With a key of this process. */
  readonly dpop?: boolean | undefined;
  /** A private key, PEM or JWK. */
  readonly 'dpop-key'?: string | undefined;
}

/** Undefined where nothing is to be proved. @throws UsageError */
export async function proverOf(
  { dpop, 'dpop-key': file }: ProofOptions,
  { stderr }: Pick<Output, 'stderr'>,
  machine: Pick<Machine, 'clock'>,
): Promise<Prover | undefined> {
  if (!dpop && file === undefined) return undefined;
  const [{ createProver }, { keyFrom, newKey }] = await Promise.all([import('./prover.ts'), import('./proof.ts')]);
  if (file === undefined) return createProver(newKey(), machine);
  const key = keyFrom(readText(file), file);
  if ((statSync(file).mode & 0o077) !== 0) stderr(`cambio: ${file} can be read by others than its owner\n`);
  return createProver(key, machine);
}
