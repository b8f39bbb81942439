// Proves possession of one key (RFC 9449) to whoever asks, with the newest nonce of each server. No I/O of its own.
import { CallFailed } from '../call-failed.ts';
import type { Answered } from '../fetch.ts';
import type { Machine } from '../machine.ts';
import { makeProof, type ProofKey, type ProvedRequest } from './proof.ts';

export interface Prover {
  /** RFC 7638, of its key: `cnf.jkt` of the tokens it gets. */
  readonly thumbprint: string;
  /** The `DPoP` header of one request, new each time. */
  readonly proofFor: (request: ProvedRequest) => string;
  /**
   * Makes a call that sends a proof, and once more where the server wants a nonce that was not known here.
   * @param call sends the headers it is given beside its own. It is told to a server of ours: a nonce is kept for the next call
   */
  readonly prove: (
    request: Omit<ProvedRequest, 'nonce'>,
    call: (headers: { readonly dpop: string }) => Promise<Answered>,
  ) => Promise<Answered>;
}

export function createProver(key: ProofKey, { clock }: Pick<Machine, 'clock'>): Prover {
  /** By origin. */
  const nonces = new Map<string, string>();
  const proofFor = (request: ProvedRequest): string => makeProof(key, request, Math.floor(clock() / 1_000));
  return {
    thumbprint: key.thumbprint,
    proofFor,
    prove: async (request, call) => {
      const { origin } = request.url;
      const learn = (nonce: string | undefined): void => {
        if (nonce !== undefined) nonces.set(origin, nonce);
      };
      const once = async (): Promise<Answered> => {
        try {
          const answered = await call({ dpop: proofFor({ ...request, nonce: nonces.get(origin) }) });
          learn(answered.nonce);
          return answered;
        } catch (error) {
          if (error instanceof CallFailed) learn(error.facts.nonce);
          throw error;
        }
      };
      return once().catch((error) => (wantsNonce(error) ? once() : Promise.reject(error)));
    },
  };
}

function wantsNonce(error: unknown): boolean {
  return error instanceof CallFailed && error.facts.error === 'use_dpop_nonce' && error.facts.nonce !== undefined;
}
