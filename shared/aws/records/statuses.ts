// Positions of Status Lists for a function: what reserves them is loaded only where an audience has `status`.
import { asRefused } from '../../oauth/denial.ts';
import type { ReserveStatus } from '../../oauth/status-list/status-list-id.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import type { StatusPositions } from './status-positions.ts';

/** Rejects when what reserves them is not there. */
export async function statusReserve(
  { audiences }: Pick<CompiledPolicy, 'audiences'>,
  options: StatusPositions,
): Promise<ReserveStatus> {
  if (!Object.values(audiences).some(({ status }) => status)) return nobodyHasStatus;
  const { createReserveStatus } = await import('./status-positions.ts');
  const reserve = createReserveStatus(options);
  return async (audience) =>
    reserve(audience).catch((error: unknown) => {
      throw asRefused(error);
    });
}

const nobodyHasStatus: ReserveStatus = async () => {
  throw new TypeError('no audience has a status');
};
