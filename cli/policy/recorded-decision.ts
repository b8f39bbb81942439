// A recorded decision as read back: from GET /admin/decisions/{decision_id}, or a log line that has it as `event`. Pure.
import { type Claims, isClaims } from '../../shared/policy/claims.ts';
import type { RecordedClaims } from '../../shared/policy/recorded-claims.ts';

export interface RecordedToken extends RecordedClaims {
  readonly issuer: string;
}

export interface RecordedDecision {
  readonly id: string;
  readonly at: number;
  readonly granted: boolean;
  readonly reason: string | undefined;
  readonly rule: string | undefined;
  readonly request:
    | {
        readonly audiences: readonly string[];
        readonly resources: readonly string[];
        readonly scope: readonly string[] | undefined;
        readonly client: string;
        readonly truncated: boolean;
      }
    | undefined;
  readonly subject: RecordedToken | undefined;
  readonly actor: RecordedToken | undefined;
}

/** The decision of a line as it was written: the `event` of a log line, or the line itself. Undefined for any other line. */
export function decisionEvent(line: string): (Claims & { readonly decision_id: string }) | undefined {
  const outer = parse(line);
  const event = outer && (isClaims(outer['event']) ? outer['event'] : outer);
  const id = event?.['decision_id'];
  return typeof id === 'string' ? { ...event, decision_id: id } : undefined;
}

/** Undefined for a line that is no decision. */
export function parseDecision(line: string): RecordedDecision | undefined {
  const event = decisionEvent(line);
  if (!event || typeof event['at'] !== 'number') return undefined;
  return {
    id: event.decision_id,
    at: event['at'],
    granted: event['outcome'] === 'granted',
    reason: textOf(event['reason']),
    rule: textOf(event['rule']),
    request: requestOf(event['request']),
    subject: tokenOf(event['subject']),
    actor: tokenOf(event['actor']),
  };
}

function requestOf(value: unknown): RecordedDecision['request'] {
  if (!isClaims(value)) return undefined;
  return {
    audiences: textsOf(value['audiences']),
    resources: textsOf(value['resources']),
    scope: textOf(value['scope'])?.split(' '),
    client: textOf(value['client']) ?? '',
    truncated: value['truncated'] === true,
  };
}

function tokenOf(value: unknown): RecordedToken | undefined {
  if (!isClaims(value) || typeof value['issuer'] !== 'string') return undefined;
  const { issuer, claims, hashed, omitted } = value;
  return {
    issuer,
    claims: isClaims(claims) ? claims : {},
    hashed: isClaims(hashed) ? (hashed as RecordedClaims['hashed']) : {},
    omitted: textsOf(omitted),
  };
}

function parse(line: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isClaims(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
