// Checks proofs of possession against the nonces of a table. What it exports is loaded by the first proof. Pure but for the table.
import { type CheckedProof, checkProof, type Nonces, type ProvedRequest } from '../../oauth/verify/dpop-proof.ts';
import { createNonces, type NonceStore } from './dpop-nonces.ts';

export interface ProofChecks extends Pick<Nonces, 'currentNonce'> {
  readonly checkProof: (header: string, request: ProvedRequest) => Promise<CheckedProof>;
}

export function createProofChecks(store: NonceStore): ProofChecks {
  const nonces = createNonces(store);
  return {
    checkProof: (header, request) => checkProof(header, request, nonces),
    currentNonce: nonces.currentNonce,
  };
}
