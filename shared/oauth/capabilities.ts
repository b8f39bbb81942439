// What an exchange needs from outside: the sum of what its phases take, each declared by the file that owns the word. The
// one other implementation of each is the tests'. Pure.
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import type { EvaluateCondition, FindRules } from '../policy/evaluate.ts';
import type { RecordDecision } from './decision/decision-record.ts';
import type { ReadKeyring, Sign } from './jose/keyring.ts';
import type { CountCalls, CountRequest } from './quota.ts';
import type { FindHolds } from './revocation/revocation.ts';
import type { AssumeRole } from './role-session/role-credentials.ts';
import type { ReserveStatus } from './status-list/status-list-id.ts';
import type { NewHandle, RecordReference } from './tokens/reference-handle.ts';
import type { FindClientKey } from './verify/client-authentication.ts';
import type { MatchesCertificate } from './verify/client-certificate.ts';
import type { ProofCapabilities } from './verify/possession.ts';
import type { ReleaseUse, TakeUse } from './verify/single-use.ts';
import type { CheckUpstream, FindIssuerKey } from './verify/verify-token.ts';

/** Every function may throw Refused `unavailable`. */
export interface ExchangeCapabilities extends ProofCapabilities {
  readonly issuer: string;
  /** URL that discovery names endpoints below, without a trailing slash. */
  readonly apiBase: string;
  /** … and those for callers with a certificate, where there is a domain with mutual TLS. */
  readonly mtlsBase?: string | undefined;
  readonly policy: CompiledPolicy;
  readonly findRules: FindRules;
  /** Evaluates `when`; left out of bundles whose policy has none. */
  readonly evaluateCondition?: EvaluateCondition;
  readonly findIssuerKey: FindIssuerKey;
  readonly checkUpstream: CheckUpstream;
  readonly findClientKey: FindClientKey;
  readonly matchesCertificate?: MatchesCertificate | undefined;
  readonly readKeyring: ReadKeyring;
  readonly sign: Sign;
  readonly assumeRole: AssumeRole;
  readonly recordDecision: RecordDecision;
  readonly recordReference: RecordReference;
  readonly countRequest: CountRequest;
  readonly countCalls: CountCalls;
  readonly findHolds: FindHolds;
  readonly takeUse: TakeUse;
  readonly release: ReleaseUse;
  readonly reserveStatus: ReserveStatus;
  readonly newHandle: NewHandle;
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** Seconds a decision is kept. */
  readonly decisionRetention: number;
}
