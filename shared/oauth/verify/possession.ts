// What a caller proves to hold beside its tokens, and what that binds: the key of a DPoP proof (RFC 9449 §5), the certificate of
// its TLS connection (RFC 8705 §3). A binding is never dropped. Pure.
import { hash } from 'node:crypto';
import type { Audience } from '../../policy/compiled-policy.ts';
import { Refused } from '../denial.ts';
import { TokenRefused } from '../jose/jwt.ts';
import type { ClientCertificate } from '../request/client-certificate.ts';
import type { CheckedProof, CurrentNonce, DpopProof, ProvedRequest } from './dpop-proof.ts';
import type { VerifiedToken } from './verify-token.ts';

export interface ProofCapabilities {
  /** Checks a `DPoP` header. Throws Refused `unavailable`. */
  readonly checkProof: (header: string, request: ProvedRequest) => Promise<CheckedProof>;
  /** Throws Refused `unavailable`. */
  readonly currentNonce: CurrentNonce;
}

export interface Possession {
  readonly proof?: DpopProof | undefined;
  readonly certificate?: ClientCertificate | undefined;
}

/** `cnf` of an issued token (RFC 7800 §3.1). */
export interface Confirmation {
  readonly jkt?: string;
  readonly 'x5t#S256'?: string;
}

/** @throws Refused `dpop`, `dpop_nonce` with the one to use, or `unavailable` */
export async function requireProof(
  header: string,
  request: ProvedRequest,
  { checkProof }: Pick<ProofCapabilities, 'checkProof'>,
): Promise<DpopProof> {
  const checked = await checkProof(header, request);
  if ('wanted' in checked) throw new Refused({ kind: 'dpop_nonce', nonce: checked.wanted });
  if ('wrong' in checked) throw badProof(checked.wrong);
  return checked;
}

function badProof(detail: string): Refused {
  return new Refused({ kind: 'dpop', problem: 'not acceptable', detail });
}

type Bound = Pick<VerifiedToken, 'registered'>;

/**
 * A token bound to a key or certificate is good only with proof of it, never without.
 * @throws TokenRefused `binding`
 */
export function checkBinding({ registered }: Bound, { proof, certificate }: Possession): void {
  if (!registered.cnf) return;
  const { jkt, 'x5t#S256': x5t, ...others } = registered.cnf;
  if (jkt === undefined && x5t === undefined) throw new TokenRefused('binding', 'cnf without a proof of the key');
  if (Object.keys(others).length > 0) throw new TokenRefused('binding', 'cnf names what cannot be proved here');
  if (jkt !== undefined && jkt !== proof?.jkt) throw new TokenRefused('binding', 'cnf without a proof of the key');
  if (x5t !== undefined && x5t !== certificate?.thumbprint) {
    throw new TokenRefused('binding', 'cnf without the certificate');
  }
}

/**
 * A proof that is sent with a token bound to its key is for that token alone (RFC 9449 §7.1), so that one who reads both cannot
 * use the proof for another token of the same key. Of two bound tokens it is for the first.
 * @throws Refused `dpop`
 */
export function requireTokenHash(
  { proof }: Possession,
  presented: readonly { readonly token: Bound; readonly compact: string }[],
): void {
  const bound = presented.find(({ token }) => token.registered.cnf?.['jkt'] !== undefined);
  const expected = bound && hash('sha256', bound.compact, 'base64url');
  if (proof && expected !== undefined && proof.ath !== expected) throw badProof('ath is not that of the bound token');
}

/**
 * What a token for the audience is bound to: the key of a proof whenever there is one, the certificate where the audience wants it
 * or a presented token has it.
 * @throws Refused `dpop` or `certificate` where the audience wants what was not proved
 */
export function confirmationFor(
  { binding }: Pick<Audience, 'binding'>,
  presented: readonly (Bound | undefined)[],
  { proof, certificate }: Possession,
): Confirmation | undefined {
  if (binding === 'dpop' && !proof) {
    throw new Refused({ kind: 'dpop', problem: 'missing', detail: 'the audience wants a proof' });
  }
  if (binding === 'mtls' && !certificate) throw new Refused({ kind: 'certificate' });
  const wanted = binding === 'mtls' || presented.some((token) => token?.registered.cnf?.['x5t#S256'] !== undefined);
  if (!proof && !wanted) return undefined;
  return { ...(proof && { jkt: proof.jkt }), ...(wanted && certificate && { 'x5t#S256': certificate.thumbprint }) };
}
