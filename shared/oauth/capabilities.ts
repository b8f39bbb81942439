// What the protocol needs from outside, as function types; their one other implementation is the tests'. Pure.
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import type { EvaluateCondition, FindRules } from '../policy/evaluate.ts';
import type { FindClientKey, OneTimeUse } from './client-authentication.ts';
import type { CallerHeaders } from './client-credentials.ts';
import type { DecisionRecord } from './decision-record.ts';
import type { Form } from './form.ts';
import type { IssuedClaims } from './issued-token.ts';
import type { Keyring, SigningKey } from './keyring.ts';
import type { AssumeRole } from './role-credentials.ts';
import type { FindIssuerKey } from './verify-token.ts';

/** A reference token as stored: by the SHA-256 of its handle, so that the store cannot be spent. */
export interface ReferenceRecord {
  /** Hex. */
  readonly handleHash: string;
  readonly claims: IssuedClaims;
}

/** What an exchange needs from outside. Every function may throw Refused `unavailable`. */
export interface ExchangeCapabilities {
  readonly issuer: string;
  readonly policy: CompiledPolicy;
  readonly findRules: FindRules;
  /** Evaluates `when`; left out of bundles whose policy has none. */
  readonly evaluateCondition?: EvaluateCondition;
  readonly findIssuerKey: FindIssuerKey;
  readonly findClientKey: FindClientKey;
  readonly readKeyring: () => Promise<Keyring>;
  /** Signs; answers the signature in JWS form (RFC 7518 §3). */
  readonly sign: (key: SigningKey, input: string) => Promise<Uint8Array>;
  readonly assumeRole: AssumeRole;
  /** Durable when it returns. */
  readonly recordDecision: (record: DecisionRecord) => Promise<void>;
  /** Durable when it returns. */
  readonly recordReference: (record: ReferenceRecord) => Promise<void>;
  /** Records a use durably; false when it was used before. */
  readonly useOnce: (use: OneTimeUse) => Promise<boolean>;
  /** Takes a use back whose request was not answered. */
  readonly release: (use: OneTimeUse) => Promise<void>;
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
