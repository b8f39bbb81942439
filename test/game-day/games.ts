// The games: each plays one incident from its first sign to its end, by the commands of its runbook.
import { compromise } from './games/compromise.ts';
import { issuerOutage } from './games/issuer-outage.ts';
import { keyRotation } from './games/key-rotation.ts';
import { revocation } from './games/revocation.ts';
import { throttling } from './games/throttling.ts';
import type { Stage } from './stage.ts';

export type Play = (stage: Stage) => Promise<void>;

/** By the names that `npm run game-day` takes. */
export const games: Readonly<Record<string, Play>> = {
  revocation,
  'key-rotation': keyRotation,
  'issuer-outage': issuerOutage,
  throttling,
  compromise,
};
