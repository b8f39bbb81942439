// Middleware: one audit event for every request, granted, refused or failed. Writes to the log; a field is in it because it
// is named here, and no token, secret or header ever is.
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { type DecisionFacts, newDecision } from '../oauth/decision.ts';
import { Refused } from '../oauth/denial.ts';
import { oauthError } from '../oauth/oauth-error.ts';
import type { EvaluatedRule } from '../policy/evaluate.ts';

/** An event whose decision is being made. */
export interface AuditedEvent extends APIGatewayProxyEvent {
  decision: DecisionFacts;
}

/** Writes one line: a message and an allow-list of fields. */
export type WriteLog = (level: 'info' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;

export interface Audit {
  /** Name of the event, as operators search for it. */
  readonly name: string;
  readonly policyHash: string;
  readonly write: WriteLog;
  readonly newId: () => string;
}

const maxTracedRules = 20;
const maxGotLength = 256;
const maxMessageLength = 300;

/** Starts a decision before anything else runs, and writes it after everything else has. */
export function audit<Event extends AuditedEvent>(options: Audit): MiddlewareObj<Event, APIGatewayProxyResult> {
  const report = (event: AuditedEvent, error: unknown): void => {
    const failed = error !== null && !(error instanceof Refused);
    options.write(failed ? 'error' : 'info', options.name, auditEvent(event, error, options.policyHash));
  };
  return {
    before: ({ event }) => {
      event.decision = newDecision(options.newId());
    },
    after: ({ event }) => report(event, null),
    onError: ({ event, error }) => report(event, error),
  };
}

function auditEvent(event: AuditedEvent, error: unknown, policyHash: string): Record<string, unknown> {
  const { decision, requestContext } = event;
  return {
    decision_id: decision.decisionId,
    ...outcome(error),
    rule: decision.rule,
    rules: decision.rules?.slice(0, maxTracedRules).map(tracedRule),
    subject: decision.subject,
    actor: decision.actor,
    audience: decision.audience,
    scope: decision.grantedScope?.join(' '),
    jti: decision.jti,
    expires_at: decision.expiresAt,
    policy: policyHash,
    request_id: requestContext.requestId,
    source_ip: requestContext.identity.sourceIp,
  };
}

function outcome(error: unknown): Record<string, unknown> {
  if (error === null) return { outcome: 'granted' };
  if (!(error instanceof Refused)) return { outcome: 'refused', error: 'server_error', cause: causes(error) };
  const { error: code, reason } = oauthError(error.denial);
  return { outcome: 'refused', error: code, reason, denial: error.denial, cause: causes(error.cause) };
}

function tracedRule({ id, matched, conditions }: EvaluatedRule): Record<string, unknown> {
  const traced = conditions.map(({ name, wanted, got, matched: fits }) => ({
    name,
    wanted,
    got: shorten(got),
    matched: fits,
  }));
  return { id, matched, conditions: traced };
}

function shorten(got: unknown): unknown {
  const text = JSON.stringify(got);
  return text === undefined || text.length <= maxGotLength ? got : `${text.slice(0, maxGotLength)}…`;
}

/** Names and messages down the chain. A SyntaxError's message quotes what was parsed, which may be a token. */
function causes(error: unknown): readonly string[] | undefined {
  const chain: string[] = [];
  for (let cause = error; cause instanceof Error && chain.length < 5; cause = cause.cause) {
    const message = cause instanceof SyntaxError ? '' : `: ${cause.message.slice(0, maxMessageLength)}`;
    chain.push(`${cause.name}${message}`);
  }
  return chain.length > 0 ? chain : undefined;
}
