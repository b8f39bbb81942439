// Middleware: a refusal is durable before its answer leaves, so that its decision_id leads somewhere. One DynamoDB write.
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { endDecision, isGenuine, type Keeping } from '../oauth/decision/decision.ts';
import type { RecordDecision } from '../oauth/decision/decision-record.ts';
import { type Denial, Refused } from '../oauth/denial.ts';
import { type AuditedEvent, refusalOf } from './audit.ts';
import type { Budget } from './budget.ts';
import { withinTime } from './deadline.ts';

export interface Refusals {
  readonly recordDecision: RecordDecision;
  readonly keeping: () => Keeping;
  /** For refusals of requests not all of whose tokens are genuine: anybody can cause those. */
  readonly budget: Budget;
  /** Milliseconds left of the request's own time. */
  readonly timeLeft: (event: AuditedEvent) => number;
}

/** Seconds that a refusal is kept which anybody can cause. */
const strangersRetention = 86_400;

/**
 * Records refusals. One all of whose tokens are genuine is recorded or becomes 503; of the others as many as the budget has,
 * for a day, and the rest is in the log alone.
 */
export function refusals<Event extends AuditedEvent>(options: Refusals): MiddlewareObj<Event, APIGatewayProxyResult> {
  return {
    onError: async (request) => {
      const { event, error } = request;
      if (!(error instanceof Refused) || cannotBeRecorded(error.denial)) return;
      const genuine = isGenuine(event.decision);
      if (!genuine && !options.budget()) return;
      const keeping = options.keeping();
      const retention = genuine ? keeping.retention : Math.min(keeping.retention, strangersRetention);
      const record = endDecision(event.decision, refusalOf(error), { ...keeping, retention });
      try {
        await withinTime(options.timeLeft(event), () => options.recordDecision(record));
        event.decision.recorded = record;
      } catch (failure) {
        if (genuine && failure instanceof Error) request.error = failure;
      }
    },
  };
}

/** There is no store to write to, or no time. */
function cannotBeRecorded(denial: Denial): boolean {
  return denial.kind === 'unavailable' && (denial.dependency === 'dynamodb' || denial.dependency === 'deadline');
}
