// Spans as the OpenTelemetry protocol has them in JSON. Pure.
import type { SpanContext } from './trace-context.ts';

/** Times are milliseconds since the epoch. */
export interface Span {
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly kind: 'server' | 'internal';
  readonly start: number;
  readonly end: number;
  /** An allow-list of names and codes of ours: never a token, a claim, or a caller's text. */
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  /** It failed through our fault, not that of who asked. */
  readonly failed: boolean;
}

/** The spans of one request. */
export interface Trace {
  readonly traceId: string;
  /** The caller's. */
  readonly state?: string | undefined;
  readonly spans: readonly Span[];
  /** What the first span is linked to besides its parent. */
  readonly link?: SpanContext | undefined;
}

export interface Resource {
  /** Of the function: with `cambio-` before it the service, as in the log. */
  readonly name: string;
  readonly version: string;
}

const kinds = { internal: 1, server: 2 } as const;

/**
 * The body of a request to `/v1/traces`.
 * @see [OTLP](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding)
 */
export function otlpBody({ name, version }: Resource, trace: Trace) {
  const resource = { attributes: attributesOf({ 'service.name': `cambio-${name}`, 'service.version': version }) };
  const spans = trace.spans.map((span, index) => spanOf(span, trace, index === 0));
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'cambio', version }, spans }] }] };
}

function spanOf(span: Span, { traceId, state, link }: Trace, isFirst: boolean) {
  const { spanId, parentSpanId, name, kind, start, end, attributes, failed } = span;
  return {
    ...{ traceId, spanId, parentSpanId, traceState: state, name, kind: kinds[kind] },
    ...{ startTimeUnixNano: nanoseconds(start), endTimeUnixNano: nanoseconds(end) },
    attributes: attributesOf(attributes),
    ...(isFirst && link && { links: [{ traceId: link.traceId, spanId: link.spanId }] }),
    ...(failed && { status: { code: 2 } }),
  };
}

/** 64 bits are text in JSON. Milliseconds carry microseconds in their fraction, and no more. */
function nanoseconds(milliseconds: number): string {
  return `${BigInt(Math.round(milliseconds * 1_000))}000`;
}

function attributesOf(attributes: Span['attributes']) {
  return Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [{ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } }];
  });
}
