// Middleware: one audit event for every request, granted, refused or failed. Writes to the log; what is in it is the
// decision's record, in which no token, secret or header has a place.
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { Measured } from '../metrics.ts';
import { type DecisionFacts, endDecision, type Keeping, newDecision } from '../oauth/decision/decision.ts';
import type { Ending } from '../oauth/decision/decision-record.ts';
import { refusalDetail } from '../oauth/decision/refusal-detail.ts';
import { Refused } from '../oauth/denial.ts';
import { header } from './api-gateway.ts';
import { decisionDocument } from './decision-document.ts';
import { type Failure, failureOf, measuredFailure } from './errors.ts';
import type { WriteLog } from './log.ts';
import { type Meter, startMeter, suspicious } from './meter.ts';

/** An event whose decision is being made. */
export interface AuditedEvent extends APIGatewayProxyEvent {
  decision: DecisionFacts;
  meter: Meter;
}

export interface Audit {
  /** Name of the event, as operators search for it. */
  readonly name: string;
  readonly write: WriteLog;
  readonly newId: () => string;
  readonly keeping: () => Keeping;
  /** Milliseconds since some epoch. */
  readonly clock: () => number;
}

/** Starts a decision before anything else runs, and writes it after everything else has. */
export function audit<Event extends AuditedEvent>(options: Audit): MiddlewareObj<Event, APIGatewayProxyResult> {
  const report = (
    { decision, requestContext, meter }: AuditedEvent,
    ending: Ending,
    { level, why, measured }: Pick<Failure, 'level' | 'why'> & { readonly measured: Measured },
  ): void => {
    // What is kept and what is logged are one, but where a grant came to nothing after it was kept.
    const isRecorded = decision.recorded?.ending.outcome === ending.outcome;
    const document = decisionDocument(
      isRecorded && decision.recorded ? decision.recorded : endDecision(decision, ending, options.keeping()),
    );
    const { requestId, identity } = requestContext;
    const fields = { ...why, request_id: requestId, source_ip: identity.sourceIp, ...document };
    options.write(level, options.name, fields, { ...meter.times(), ...measured });
  };
  return {
    before: ({ event }) => {
      event.meter = startMeter(options.clock);
      event.decision = newDecision(options.newId(), options.newId(), {
        correlation: correlationOf(event),
        watch: event.meter.watch,
      });
    },
    after: ({ event }) => {
      const measured = { success: 1, ...suspicious(event.decision.inactive) };
      report(event, grantOf(event.decision), { level: 'info', why: {}, measured });
    },
    onError: ({ event, error }) => {
      const failure = failureOf(error);
      report(event, refusalOf(error), { ...failure, measured: measuredFailure(failure) });
    },
  };
}

/**
 * What the caller knows the request by: the trace it belongs to, else API Gateway's own id for it.
 * @see [W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header)
 */
function correlationOf(event: AuditedEvent): string | undefined {
  const trace = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(header(event, 'traceparent') ?? '')?.[1];
  const id = trace ?? event.requestContext.requestId.replaceAll('-', '');
  return /^[0-9a-f]{32}$/.test(id) ? id : undefined;
}

/** How a refused or failed request ended. */
export function refusalOf(error: unknown): Ending {
  const { error: code, reason } = failureOf(error);
  const detail = error instanceof Refused ? refusalDetail(error) : undefined;
  return { outcome: 'refused', error: code, reason, ...(detail !== undefined && { detail }) };
}

function grantOf({ issued, inactive }: DecisionFacts): Ending {
  return { outcome: 'granted', issued, inactive };
}
