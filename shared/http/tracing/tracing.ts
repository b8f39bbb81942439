// Middleware: the spans of each request, for the collector beside the function. They are made when the request has ended, so that
// one that fails is recorded whatever was decided at its beginning. Pure but for what it is handed.

import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { causesOf } from '../../causes.ts';
import type { Ending } from '../../oauth/decision/decision-record.ts';
import type { Phase, WatchPhase } from '../../oauth/decision/phase.ts';
import { header } from '../api-gateway.ts';
import type { AuditedEvent } from '../audit.ts';
import type { WriteLog } from '../log.ts';
import { otlpBody, type Resource, type Span, type Trace } from './otlp.ts';
import { createSendSpans } from './send-spans.ts';
import { callersSpan, lambdasSpan, type SpanContext, traceResponse } from './trace-context.ts';

export interface TracingOptions extends Resource {
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** Milliseconds since some epoch, in fractions, and never set back. */
  readonly clock: () => number;
  /** Random: a UUID. */
  readonly newId: () => string;
  /** Lambda's `_X_AMZN_TRACE_ID` of the present request. */
  readonly traceHeader: () => string | undefined;
  /** How a request ended that threw: the class of the error belongs to the function, not to this file. */
  readonly endingOf: (error: unknown) => Ending;
  readonly write: WriteLog;
  /** Milliseconds that an answer waits for the collector. */
  readonly patience?: number;
}

/**
 * The middleware that goes between the log and everything else.
 * @param collector where spans are sent: `http://127.0.0.1:4318`
 */
export function createTracing(
  collector: string,
  options: TracingOptions,
): MiddlewareObj<AuditedEvent, APIGatewayProxyResult> {
  const { clock, write, endingOf, traceHeader, patience } = options;
  const onFailure = (error: unknown): void => write('error', 'tracing', { cause: causesOf(error) });
  const send = createSendSpans({ collector, clock, onFailure, patience });
  const requests = new WeakMap<AuditedEvent, TracedRequest>();

  const end = async (
    event: AuditedEvent,
    response: APIGatewayProxyResult | null | undefined,
    ending: Ending,
  ): Promise<void> => {
    const traced = requests.get(event);
    if (!traced) return;
    const status = response?.statusCode ?? 500;
    const { trace, server } = traced.end(attributesOf(event, ending, status), status >= 500);
    // Whoever is refused asks why, and there may be no second time.
    const sampled = server.sampled || ending.outcome === 'refused';
    if (response) response.headers = { ...response.headers, traceresponse: traceResponse({ ...server, sampled }) };
    if (sampled) await send(otlpBody(options, trace));
  };

  return {
    before: ({ event }) => {
      const caller = callersSpan(header(event, 'traceparent'), header(event, 'tracestate'));
      const traced = startTrace({ ...options, caller, lambda: lambdasSpan(traceHeader()) });
      requests.set(event, traced);
      const { watch } = event.decision;
      event.decision.watch = (phase) => both(watch(phase), traced.watch(phase));
    },
    after: ({ event, response }) => end(event, response, { outcome: 'granted', inactive: event.decision.inactive }),
    onError: ({ event, response, error }) => end(event, response, endingOf(error)),
  };
}

type EndPhase = ReturnType<WatchPhase>;

function both(one: EndPhase, other: EndPhase): EndPhase {
  return (work) => other(one(work));
}

interface TracedRequest {
  readonly watch: WatchPhase;
  readonly end: (attributes: Span['attributes'], failed: boolean) => { trace: Trace; server: SpanContext };
}

interface StartTrace extends Pick<TracingOptions, 'wallClock' | 'clock' | 'newId'> {
  readonly caller: SpanContext | undefined;
  readonly lambda: SpanContext | undefined;
}

/** A request is a span of its caller's trace; of Lambda's, where the caller has none; else of its own. */
function startTrace({ wallClock, clock, newId, caller, lambda }: StartTrace): TracedRequest {
  const parent = caller ?? lambda;
  const [epoch, start] = [wallClock(), clock()];
  // The clock may be set in between.
  const time = (): number => epoch + (clock() - start);
  const server: SpanContext = {
    traceId: parent?.traceId ?? hexOf(newId()),
    spanId: hexOf(newId()).slice(0, 16),
    sampled: parent?.sampled ?? false,
  };
  const phases: { readonly phase: Phase; readonly start: number; end?: number; failed?: true }[] = [];
  return {
    watch: (phase) => {
      const span: (typeof phases)[number] = { phase, start: time() };
      phases.push(span);
      const done = (): void => {
        span.end = time();
      };
      const failed = (): void => {
        done();
        span.failed = true;
      };
      return (work) => {
        if (work instanceof Promise) work.then(done, failed);
        else done();
        return work;
      };
    },
    end: (attributes, failed) => {
      const end = time();
      const first: Span = {
        ...{ spanId: server.spanId, parentSpanId: parent?.spanId, kind: 'server', start: epoch, end, failed },
        name: `${attributes['http.request.method']} ${attributes['http.route']}`,
        attributes,
      };
      // What threw at once, or goes on for nobody, has not said that it ended.
      const rest = phases.map(({ phase, start, end: ended, failed: threw }): Span => {
        const reason = threw || ended === undefined ? attributes['cambio.reason'] : undefined;
        return {
          ...{ spanId: hexOf(newId()).slice(0, 16), parentSpanId: server.spanId, kind: 'internal', name: phase },
          ...{ start, end: ended ?? end, attributes: { 'cambio.reason': reason } },
          failed: failed && (threw === true || ended === undefined),
        };
      });
      const link = caller && lambda;
      return { trace: { traceId: server.traceId, state: caller?.state, spans: [first, ...rest], link }, server };
    },
  };
}

/** Names of the policy and codes of ours alone. */
function attributesOf(
  { decision, httpMethod, resource }: AuditedEvent,
  ending: Ending,
  status: number,
): Span['attributes'] {
  return {
    'http.request.method': httpMethod,
    'http.route': resource,
    'http.response.status_code': status,
    'cambio.decision_id': decision.decisionId,
    'cambio.outcome': ending.outcome,
    'cambio.reason': ending.outcome === 'refused' ? ending.reason : ending.inactive,
    'error.type': ending.outcome === 'refused' ? ending.error : undefined,
    'cambio.rule': decision.rule,
    'cambio.client': decision.request?.client,
    'cambio.issuer': decision.subject.issuer,
  };
}

function hexOf(uuid: string): string {
  return uuid.replaceAll('-', '');
}
