// Proofs of possession as a function checks them: what does it is loaded with the first proof.
import type { ProofCapabilities } from '../oauth/verify/possession.ts';
import { callDependency } from './dependency.ts';
import type { NonceStore } from './dpop-nonces.ts';

export function createProofs(store: NonceStore): ProofCapabilities {
  let loading: ReturnType<typeof load> | undefined;
  const load = async () => (await import('./dpop-checks.ts')).createProofChecks(store);
  const checks = () => {
    loading ??= load();
    return loading;
  };
  return {
    checkProof: (header, request) =>
      callDependency('dynamodb', async () => (await checks()).checkProof(header, request)),
    currentNonce: () => callDependency('dynamodb', async () => (await checks()).currentNonce()),
  };
}
