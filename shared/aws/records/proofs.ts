// Proofs of possession as a function checks them: what does it is loaded with the first proof.

import { loadedOnce } from '../../loaded-once.ts';
import type { ProofCapabilities } from '../../oauth/verify/possession.ts';
import { callDependency } from '../dependency.ts';
import type { NonceStore } from './dpop-nonces.ts';

export function createProofs(store: NonceStore): ProofCapabilities {
  const checks = loadedOnce(async () => (await import('./dpop-checks.ts')).createProofChecks(store));
  return {
    checkProof: (header, request) =>
      callDependency('dynamodb', async () => (await checks()).checkProof(header, request)),
    currentNonce: () => callDependency('dynamodb', async () => (await checks()).currentNonce()),
  };
}
