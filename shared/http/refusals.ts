// Middleware: a refusal is durable before its answer leaves, so that its decision_id leads somewhere. One DynamoDB write.
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import type { ExchangeCapabilities } from '../oauth/capabilities.ts';
import { endDecision, type Keeping } from '../oauth/decision/decision.ts';
import { type Denial, Refused } from '../oauth/denial.ts';
import { type AuditedEvent, refusalOf } from './audit.ts';
import type { Budget } from './budget.ts';
import { withinTime } from './deadline.ts';

export interface Refusals {
  readonly recordDecision: ExchangeCapabilities['recordDecision'];
  readonly keeping: () => Keeping;
  /** For refusals of requests whose token nobody vouched for: anybody can cause those. */
  readonly budget: Budget;
  /** Milliseconds left of the request's own time. */
  readonly timeLeft: (event: AuditedEvent) => number;
}

/**
 * Records refusals. One about a token whose signature verified is recorded or becomes 503; of the others as many as the
 * budget has, and the rest is in the log alone.
 */
export function refusals<Event extends AuditedEvent>(options: Refusals): MiddlewareObj<Event, APIGatewayProxyResult> {
  return {
    onError: async (request) => {
      const { event, error } = request;
      if (!(error instanceof Refused) || cannotBeRecorded(error.denial)) return;
      const { subject, actor } = event.decision;
      const verified = subject.verified !== undefined || actor.verified !== undefined;
      if (!verified && !options.budget()) return;
      const record = endDecision(event.decision, refusalOf(error), options.keeping());
      try {
        await withinTime(options.timeLeft(event), () => options.recordDecision(record));
      } catch (failure) {
        if (verified && failure instanceof Error) request.error = failure;
      }
    },
  };
}

/** There is no store to write to, or no time. */
function cannotBeRecorded(denial: Denial): boolean {
  return denial.kind === 'unavailable' && (denial.dependency === 'dynamodb' || denial.dependency === 'deadline');
}
