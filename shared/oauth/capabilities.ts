// What the protocol needs from outside, as function types; their one other implementation is the tests'. Pure.
import type { Audience, CompiledPolicy } from '../policy/compiled-policy.ts';
import type { EvaluateCondition, FindRules } from '../policy/evaluate.ts';
import type { DecisionRecord } from './decision/decision-record.ts';
import type { Keyring, SigningKey } from './jose/keyring.ts';
import type { CallerHeaders } from './request/client-credentials.ts';
import type { Form } from './request/form.ts';
import type { Description, Revocation } from './revocation/revocation.ts';
import type { AssumeRole } from './role-session/role-credentials.ts';
import type { StatusReference } from './status-list/status-list-id.ts';
import type { IssuedClaims } from './tokens/issued-token.ts';
import type { FindClientKey } from './verify/client-authentication.ts';
import type { Taken, Taking } from './verify/one-time-use.ts';
import type { CheckUpstream, FindIssuerKey } from './verify/verify-token.ts';

/** A reference token as stored: by the SHA-256 of its handle, so that the store cannot be spent. */
export interface ReferenceRecord {
  /** Hex. */
  readonly handleHash: string;
  readonly claims: IssuedClaims;
  /** The identical request may come again; the record of the token then says which handle is alive. */
  readonly repeatable?: boolean;
}

/** What an exchange needs from outside. Every function may throw Refused `unavailable`. */
export interface ExchangeCapabilities {
  readonly issuer: string;
  readonly policy: CompiledPolicy;
  readonly findRules: FindRules;
  /** Evaluates `when`; left out of bundles whose policy has none. */
  readonly evaluateCondition?: EvaluateCondition;
  readonly findIssuerKey: FindIssuerKey;
  readonly checkUpstream: CheckUpstream;
  readonly findClientKey: FindClientKey;
  readonly readKeyring: () => Promise<Keyring>;
  /** Signs; answers the signature in JWS form (RFC 7518 §3). */
  readonly sign: (key: SigningKey, input: string) => Promise<Uint8Array>;
  readonly assumeRole: AssumeRole;
  /** Durable when it returns. */
  readonly recordDecision: (record: DecisionRecord) => Promise<void>;
  /** Durable when it returns. */
  readonly recordReference: (record: ReferenceRecord) => Promise<void>;
  /** Revocations that speak of any of the descriptions; what was revoked before the call is among them. */
  readonly findRevocations: (descriptions: readonly Description[]) => Promise<readonly Revocation[]>;
  /** Takes a use durably, unless it was taken before. */
  readonly takeUse: (taking: Taking) => Promise<Taken>;
  /** Gives back a use that was taken by a request which got nothing. Does not throw. */
  readonly release: (taking: Taking) => Promise<void>;
  /** Gives out a position in a Status List, once for ever. */
  readonly reserveStatus: (audience: Pick<Audience, 'alg'>) => Promise<StatusReference>;
  /** 256 random bits. */
  readonly newHandle: () => Uint8Array;
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** Seconds a decision is kept. */
  readonly decisionRetention: number;
}

export interface TokenCall {
  readonly form: Form;
  readonly headers: CallerHeaders;
}
