// Whether a policy counts exchanges at all. Pure.
import type { CompiledPolicy } from './compiled-policy.ts';

export function hasQuotas({ issuers, clients }: Pick<CompiledPolicy<unknown>, 'issuers' | 'clients'>): boolean {
  return [...Object.values(issuers), ...Object.values(clients)].some(({ quota }) => quota !== undefined);
}
